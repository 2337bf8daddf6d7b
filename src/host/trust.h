/* trust.h - whether root may load a plugin. Any process. */
#ifndef MR_HOST_TRUST_H
#define MR_HOST_TRUST_H

#include "base/error.h"

/* Whether nobody but root can change what is loaded from path, which exists; false with error set otherwise, and then
 * the plugin must not be loaded. Always true when the process is not root's, or when the environment variable
 * MR_ALLOW_WRITABLE_PLUGIN is 1.
 *
 * The file that path leads to must belong to root, and neither others nor a group but root's may write to it. The same
 * holds for its folder, where others may write if it is sticky, such as /tmp: there they cannot touch a file of root's.
 * When path is a link it also holds for the folder of the link, and the link must be root's. Folders further up are not
 * looked at; who can rename these can also exchange the file between the look and the loading. */
bool mr_plugin_trusted(const char *path, mr_error *error);

#endif
