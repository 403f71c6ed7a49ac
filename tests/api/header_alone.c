/* mlffgen.h needs nothing before it, and says nothing to a pedantic compiler. */
#include <mlffgen.h>

int main(void) { return MLFFGEN_OK; }
