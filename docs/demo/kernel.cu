// Which runtime was this built with, which one was found, and does a kernel run?
#include <cstdio>

__global__ void add_one(int *value) { *value += 1; }

int main() {
    int runtime = 0, driver = 0;
    cudaRuntimeGetVersion(&runtime);
    cudaDriverGetVersion(&driver);
    std::printf("built with CUDA %d.%d, found runtime %d.%d; ", CUDART_VERSION / 1000,
                CUDART_VERSION % 1000 / 10, runtime / 1000, runtime % 1000 / 10);
    if (driver == 0) {
        std::printf("no NVIDIA driver here, so no kernel was run\n");
        return 0;
    }
    int *value = nullptr, result = 0;
    cudaError_t error = cudaMallocManaged(&value, sizeof *value);
    if (error == cudaSuccess) {
        *value = 41;
        add_one<<<1, 1>>>(value);
        error = cudaDeviceSynchronize();
        if (error == cudaSuccess) result = *value;
    }
    if (error != cudaSuccess) {
        std::printf("the kernel did not run: %s\n", cudaGetErrorString(error));
        return 1;
    }
    std::printf("41 + 1 on the GPU = %d\n", result);
    return result == 42 ? 0 : 1;
}
