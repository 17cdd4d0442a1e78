// A shared library like any other.
extern "C" int something_else() { return 1; }
