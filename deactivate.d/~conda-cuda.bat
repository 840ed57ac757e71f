@REM conda-cuda hook: take back what the activate hook of this level set, keep what the user changed
@SET "__cc_n=%CONDA_SHLVL%"
@IF NOT DEFINED __cc_n SET "__cc_n=0"
@CALL :__cc_restore CUDA_HOME CH
@CALL :__cc_restore CUDA_PATH CP
@CALL :__cc_restore CUDAToolkit_ROOT CR
@CALL SET "__cc_o=%%__CONDA_CUDA_CVN_%__cc_n%%%"
@IF DEFINED __cc_o CALL :__cc_restore CUDA_PATH_V%__cc_o% CV
@SET "__CONDA_CUDA_CVN_%__cc_n%="
@GOTO :__cc_end

:__cc_restore
@IF NOT DEFINED __CONDA_CUDA_%2_%__cc_n% EXIT /B 0
@CALL SET "__cc_s=%%__CONDA_CUDA_%2_%__cc_n%%%"
@CALL SET "__cc_v=%%%1%%"
@IF "%__cc_s%"=="u%__cc_v%" SET "%1="
@IF "%__cc_s%"=="s%__cc_v%" CALL SET "%1=%%__CONDA_CUDA_%2O_%__cc_n%%%"
@SET "__CONDA_CUDA_%2_%__cc_n%="
@SET "__CONDA_CUDA_%2O_%__cc_n%="
@EXIT /B 0

:__cc_end
@SET "__cc_n="
@SET "__cc_o="
@SET "__cc_s="
@SET "__cc_v="
@EXIT /B 0
