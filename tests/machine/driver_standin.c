/* libcuda and NVML in small. What they answer is set by variables:
     STANDIN_GPUS            "NVIDIA L4:8:9;Tesla V100:7:0"
     STANDIN_DRIVER          what NVML calls the driver
     STANDIN_NVML_CUDA, STANDIN_CUDA            version numbers such as 12040
     STANDIN_NVML_INIT, STANDIN_CUDA_INIT       the code they start with, or hang, or crash
     STANDIN_AT              a function that hangs or crashes (STANDIN_HOW)
     STANDIN_NO_CAPABILITY   set: NVML refuses to tell compute capabilities
     STANDIN_MIG             how many parts NVML says that each GPU has
     STANDIN_TALK            set: they print */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *said(const char *name, const char *otherwise) {
    const char *text = getenv(name);
    return text ? text : otherwise;
}

static int behave(const char *how) {
    if (!strcmp(how, "hang")) for (;;) pause();
    if (!strcmp(how, "crash")) raise(SIGSEGV);
    return atoi(how);
}

static int at(const char *function) {
    if (getenv("STANDIN_TALK")) { printf("%s\n", function); fflush(stdout); fputs("[]\n", stderr); }
    return strcmp(said("STANDIN_AT", ""), function) ? 0 : behave(said("STANDIN_HOW", "999"));
}

static int gpu(int index, char *name, int *major, int *minor) {
    char *text = strdup(said("STANDIN_GPUS", "")), *rest = text, *one;
    int found = -1, count = 0;
    while ((one = strsep(&rest, ";")))
        if (*one && count++ == index) {
            char *colon = strchr(one, ':');
            if (colon) { *colon = 0; sscanf(colon + 1, "%d:%d", major, minor); }
            strncpy(name, one, 95);
            found = 0;
        }
    free(text);
    return index < 0 ? count : found;
}

static int count(void) {
    char name[96];
    int major, minor;
    return gpu(-1, name, &major, &minor);
}

#ifdef NVML
int nvmlInit_v2(void) { return at("nvmlInit_v2") ? 999 : behave(said("STANDIN_NVML_INIT", "0")); }
int nvmlSystemGetDriverVersion(char *text, unsigned length) {
    strncpy(text, said("STANDIN_DRIVER", ""), length);
    return at("nvmlSystemGetDriverVersion");
}
int nvmlSystemGetCudaDriverVersion_v2(int *version) {
    *version = atoi(said("STANDIN_NVML_CUDA", said("STANDIN_CUDA", "0")));
    return at("nvmlSystemGetCudaDriverVersion_v2");
}
int nvmlDeviceGetCount_v2(unsigned *number) { *number = count(); return at("nvmlDeviceGetCount_v2"); }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **handle) {
    *handle = (void *)(long)(index + 1);
    return 0;
}
int nvmlDeviceGetMaxMigDeviceCount(void *handle, unsigned *number) {
    (void)handle;
    *number = getenv("STANDIN_MIG") ? 7 : 0;
    return 0;
}
int nvmlDeviceGetMigDeviceHandleByIndex(void *handle, unsigned index, void **part) {
    *part = (void *)((long)handle + 1000 * (index + 1));
    return (int)index < atoi(said("STANDIN_MIG", "0")) ? 0 : 6;
}
int nvmlDeviceGetName(void *handle, char *name, unsigned length) {
    int major, minor, found = gpu((int)((long)handle % 1000) - 1, name, &major, &minor);
    (void)length;
    if ((long)handle >= 1000) strcat(name, " MIG 1g.5gb");
    return found;
}
int nvmlDeviceGetCudaComputeCapability(void *handle, int *major, int *minor) {
    char name[96];
    if (getenv("STANDIN_NO_CAPABILITY")) return 3;
    return gpu((int)(long)handle - 1, name, major, minor);
}
#else
int cuInit(unsigned flags) {
    const char *visible = getenv("CUDA_VISIBLE_DEVICES");
    (void)flags;
    if (visible && !*visible) return 100;
    return at("cuInit") ? 999 : behave(said("STANDIN_CUDA_INIT", "0"));
}
int cuDriverGetVersion(int *version) {
    *version = atoi(said("STANDIN_CUDA", "0"));
    return at("cuDriverGetVersion");
}
int cuDeviceGetCount(int *number) { *number = count(); return at("cuDeviceGetCount"); }
int cuDeviceGet(int *device, int index) { *device = index; return 0; }
int cuDeviceGetName(char *text, int length, int device) {
    char name[96] = "";
    int major, minor, code = gpu(device, name, &major, &minor);
    strncpy(text, name, length);
    return code;
}
int cuDeviceGetAttribute(int *value, int attribute, int device) {
    char name[96];
    int major, minor, code = gpu(device, name, &major, &minor);
    *value = attribute == 75 ? major : attribute == 76 ? minor : -1;
    return code;
}
#endif
