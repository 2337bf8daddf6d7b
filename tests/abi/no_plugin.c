/* A shared object, but no plugin: the symbol is missing. */
int something_else = 1;
