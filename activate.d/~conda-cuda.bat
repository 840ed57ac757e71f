@REM conda-cuda hook: set the CUDA variables
== begin
@REM No value may become part of a line before that has been read: a quote in it would let the rest
@REM out. So values are copied by ! or FOR, and compared with their quotes replaced, between quotes.
@SET "__cc_f="
@SET "__cc_v=0_1"
@SETLOCAL ENABLEDELAYEDEXPANSION
@FOR /F "tokens=2 delims=_" %%A IN ("!__cc_v!") DO @SET "__cc_v=%%A"
@IF "!__cc_v!"=="1" GOTO :__cc_for
@ENDLOCAL
@GOTO :__cc_begin
:__cc_for
@ENDLOCAL
@SET "__cc_f=1"
:__cc_begin
@SET "__cc_n="
@CALL :__cc_put __cc_n CONDA_SHLVL
@CALL :__cc_plain __cc_n
@IF NOT DEFINED __cc_n SET "__cc_n=0"
==
@SET "__cc_e="
@CALL :__cc_put __cc_e CONDA_PREFIX
@IF NOT DEFINED __cc_e GOTO :__cc_end
@SETLOCAL DISABLEDELAYEDEXPANSION
@IF NOT "%__cc_e:"=?%"=="%__cc_e:"=%" ENDLOCAL & GOTO :__cc_end
@IF NOT "%__cc_e:;=%"=="%__cc_e%" ENDLOCAL & GOTO :__cc_end
@IF NOT EXIST "%__cc_e%\cuda\" ENDLOCAL & GOTO :__cc_end
@SET "__cc_r="
@IF EXIST "%__cc_e%\cuda\release.txt" FOR /F "usebackq tokens=1,2 delims=. " %%A IN ("%__cc_e%\cuda\release.txt") DO @SET "__cc_r=%%A_%%B"
@CALL :__cc_plain __cc_r _
@ENDLOCAL & SET "__cc_r=%__cc_r%"
@IF "!!"=="" SET "__cc_e=!__cc_e!\cuda" & GOTO :__cc_root
@SET "__cc_e=%__cc_e%\cuda"
:__cc_root
<<
@CALL :__cc_set NAME KEY
>>
@SET "__cc_o="
@CALL :__cc_put __cc_o __CONDA_CUDA_CVN_%__cc_n%
@CALL :__cc_plain __cc_o _
@REM another toolkit may have become current meanwhile
@IF DEFINED __cc_o IF NOT "%__cc_o%"=="%__cc_r%" CALL :__cc_restore CUDA_PATH_V%__cc_o% CV
@IF DEFINED __cc_r CALL :__cc_set CUDA_PATH_V%__cc_r% CV
@SET "__CONDA_CUDA_CVN_%__cc_n%=%__cc_r%"
@GOTO :__cc_end

@REM state per level: a tag (was the variable unset or set), then what we set;
@REM a value that this level's state names is not the user's, so it is not saved
:__cc_set
@CALL :__cc_named %1 %2
@IF NOT DEFINED __cc_k GOTO :__cc_new
@IF NOT DEFINED %1 GOTO :__cc_new
@SETLOCAL DISABLEDELAYEDEXPANSION
@IF "%__cc_v:"=?%"=="u%__cc_e%" ENDLOCAL & EXIT /B 0
@ENDLOCAL
@GOTO :__cc_mark
:__cc_new
@SET "__cc_k=u"
@IF DEFINED %1 SET "__cc_k=s"
@SET "__CONDA_CUDA_%2O_%__cc_n%="
@CALL :__cc_put __CONDA_CUDA_%2O_%__cc_n% %1
:__cc_mark
@CALL :__cc_put __CONDA_CUDA_%2_%__cc_n% __cc_e %__cc_k%
@CALL :__cc_put %1 __cc_e
@EXIT /B 0

== subroutines
@REM %1 is set to %3 and the value of %2. Where the caller expands ! a FOR would lose those of the value;
@REM the last line is for a cmd whose FOR does not expand it (wine).
:__cc_put
@IF NOT DEFINED %2 EXIT /B 0
@IF "!!"=="" GOTO :__cc_direct
@IF NOT DEFINED __cc_f GOTO :__cc_call
@SETLOCAL ENABLEDELAYEDEXPANSION
@FOR /F "eol=	 delims=" %%A IN ("!%2!") DO @(ENDLOCAL & SET "%1=%3%%A")
@EXIT /B 0
:__cc_direct
@SET "%1=%3!%2!"
@EXIT /B 0
:__cc_call
@CALL SET "%1=%3%%%2%%"
@EXIT /B 0

@REM %1 is taken away unless it holds digits alone, or %2
:__cc_plain
@SET "__cc_v=0"
@CALL :__cc_put __cc_v %1 0
@SETLOCAL DISABLEDELAYEDEXPANSION
@FOR /F "eol=1 delims=0123456789%2" %%A IN ("%__cc_v:"=?%") DO @IF NOT "%%A"=="" SET "__cc_v="
@IF DEFINED __cc_v ENDLOCAL & EXIT /B 0
@ENDLOCAL
@SET "%1="
@EXIT /B 0

@REM the tag of the state, where it names the value that %1 has
:__cc_named
@SET "__cc_k="
@IF NOT DEFINED __CONDA_CUDA_%2_%__cc_n% EXIT /B 0
@SET "__cc_s=-"
@SET "__cc_v=u"
@SET "__cc_w=s"
@CALL :__cc_put __cc_s __CONDA_CUDA_%2_%__cc_n%
@CALL :__cc_put __cc_v %1 u
@CALL :__cc_put __cc_w %1 s
@SETLOCAL DISABLEDELAYEDEXPANSION
@IF "%__cc_s:"=?%"=="%__cc_v:"=?%" ENDLOCAL & SET "__cc_k=u" & EXIT /B 0
@IF "%__cc_s:"=?%"=="%__cc_w:"=?%" ENDLOCAL & SET "__cc_k=s" & EXIT /B 0
@ENDLOCAL
@EXIT /B 0

:__cc_restore
@CALL :__cc_named %1 %2
@IF NOT DEFINED __cc_k GOTO :__cc_forget
@SET "%1="
@IF "%__cc_k%"=="s" CALL :__cc_put %1 __CONDA_CUDA_%2O_%__cc_n%
:__cc_forget
@SET "__CONDA_CUDA_%2_%__cc_n%="
@SET "__CONDA_CUDA_%2O_%__cc_n%="
@EXIT /B 0

:__cc_end
@SET "__cc_e="
@SET "__cc_f="
@SET "__cc_k="
@SET "__cc_n="
@SET "__cc_o="
@SET "__cc_r="
@SET "__cc_s="
@SET "__cc_v="
@SET "__cc_w="
@EXIT /B 0
==
