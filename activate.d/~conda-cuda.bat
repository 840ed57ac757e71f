@REM conda-cuda hook: set the CUDA variables
@SET "__cc_n=%CONDA_SHLVL%"
@IF NOT DEFINED __cc_n SET "__cc_n=0"
@IF NOT DEFINED CONDA_PREFIX GOTO :__cc_end
@SET "__cc_e=%CONDA_PREFIX%\cuda"
@IF NOT EXIST "%__cc_e%\" GOTO :__cc_end
@IF NOT "%__cc_e:;=%"=="%__cc_e%" GOTO :__cc_end
@CALL :__cc_set CUDA_HOME CH
@CALL :__cc_set CUDA_PATH CP
@CALL :__cc_set CUDAToolkit_ROOT CR
@SET "__cc_r="
@IF EXIST "%__cc_e%\release.txt" FOR /F "usebackq tokens=1,2 delims=. " %%a IN ("%__cc_e%\release.txt") DO @SET "__cc_r=%%a_%%b"
@REM another toolkit may have become current meanwhile
@CALL SET "__cc_o=%%__CONDA_CUDA_CVN_%__cc_n%%%"
@IF DEFINED __cc_o IF NOT "%__cc_o%"=="%__cc_r%" CALL :__cc_restore CUDA_PATH_V%__cc_o% CV
@IF DEFINED __cc_r CALL :__cc_set CUDA_PATH_V%__cc_r% CV
@SET "__CONDA_CUDA_CVN_%__cc_n%=%__cc_r%"
@GOTO :__cc_end

@REM state per level: a tag (was the variable unset or set), then what we set;
@REM a value that this level's state names is not the user's, so it is not saved
:__cc_set
@CALL SET "__cc_s=%%__CONDA_CUDA_%2_%__cc_n%%%"
@CALL SET "__cc_v=%%%1%%"
@IF "%__cc_s%"=="s%__cc_e%" IF "%__cc_v%"=="%__cc_e%" EXIT /B 0
@IF "%__cc_s%"=="u%__cc_e%" IF "%__cc_v%"=="%__cc_e%" EXIT /B 0
@SET "__cc_t=u"
@IF DEFINED %1 SET "__cc_t=s"
@IF DEFINED %1 IF "%__cc_s%"=="u%__cc_v%" SET "__cc_t=u" & GOTO :__cc_mark
@IF DEFINED %1 IF "%__cc_s%"=="s%__cc_v%" GOTO :__cc_mark
@SET "__CONDA_CUDA_%2O_%__cc_n%=%__cc_v%"
:__cc_mark
@SET "__CONDA_CUDA_%2_%__cc_n%=%__cc_t%%__cc_e%"
@SET "%1=%__cc_e%"
@EXIT /B 0

:__cc_restore
@CALL SET "__cc_s=%%__CONDA_CUDA_%2_%__cc_n%%%"
@CALL SET "__cc_v=%%%1%%"
@IF "%__cc_s%"=="u%__cc_v%" SET "%1="
@IF "%__cc_s%"=="s%__cc_v%" CALL SET "%1=%%__CONDA_CUDA_%2O_%__cc_n%%%"
@SET "__CONDA_CUDA_%2_%__cc_n%="
@SET "__CONDA_CUDA_%2O_%__cc_n%="
@EXIT /B 0

:__cc_end
@SET "__cc_n="
@SET "__cc_e="
@SET "__cc_r="
@SET "__cc_o="
@SET "__cc_s="
@SET "__cc_v="
@SET "__cc_t="
@EXIT /B 0
