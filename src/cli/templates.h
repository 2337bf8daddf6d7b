/* templates.h - the sources that 'mr new' begins a plugin with: those in templates/, which the Makefile turns into
 * texts. */
#ifndef MR_CLI_TEMPLATES_H
#define MR_CLI_TEMPLATES_H

/* A word that stands in them, as often as you like, for the name of the plugin. */
#define MR_TEMPLATE_NAME "template_name"

/* The text of templates/NAME.c. */
extern const char mr_template_fold[], mr_template_group[], mr_template_map[];

#endif
