@echo off
rem Written by "postern desktop": db-1
chcp 65001 >nul
start "" /b C:\Windows\System32\conhost.exe --headless "C:\Users\A B\50%% & %%TEMP%% ^ (x) 'é'\node.exe" up db-1
