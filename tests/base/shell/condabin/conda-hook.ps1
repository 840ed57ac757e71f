# The shell side of the throwaway conda for PowerShell; conda prints what it needs before this.
Import-Module "$Env:_CONDA_ROOT/shell/condabin/Conda.psm1" -Force -DisableNameChecking
