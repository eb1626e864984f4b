/* Rust's standard library asks bcryptprimitives.dll for random bytes, and Wine 8 has no such library: programs would end
 * silently with code 53. This one passes the question on to the generator that Wine does have. For tests only. */
__declspec(dllimport) unsigned char __stdcall SystemFunction036(void *buffer, unsigned long size_bytes);

__declspec(dllexport) int __stdcall ProcessPrng(unsigned char *buffer, unsigned long long size_bytes) {
    return SystemFunction036(buffer, (unsigned long)size_bytes);
}
