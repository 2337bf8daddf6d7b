/* library_versions.h - the libraries that mr uses, for 'mr version --verbose'. [coordinator] */
#ifndef MR_CLI_LIBRARY_VERSIONS_H
#define MR_CLI_LIBRARY_VERSIONS_H

/* Prints a line for each library: its version when mr was built and the one that is here, which is loaded for that. */
void mr_library_versions_print(void);

#endif
