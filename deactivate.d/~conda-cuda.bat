@REM conda-cuda hook: take back what the activate hook of this level set, keep what the user changed
== begin ==
<<
@CALL :__cc_restore NAME KEY
>>
@SET "__cc_o="
@CALL :__cc_put __cc_o __CONDA_CUDA_CVN_%__cc_n%
@CALL :__cc_plain __cc_o _
@IF DEFINED __cc_o CALL :__cc_restore CUDA_PATH_V%__cc_o% CV
@SET "__CONDA_CUDA_CVN_%__cc_n%="
@GOTO :__cc_end

== subroutines ==
