import type { InstallPlan } from './install-script.ts'

/**
 * The same for PowerShell 5.1 and newer on Windows: into the person's own programs, and their own PATH. One block, so
 * that half a script does nothing.
 */
export function installPowerShell({ gateway, filesUrl, executables }: InstallPlan): string {
  const files = executables
    .filter(({ system, name }) => system.startsWith('windows-') && name.endsWith('.zip'))
    .map(
      ({ system, name, version, sha256 }) =>
        `    ${text(system)} = @{ Name = ${text(name)}; Version = ${text(version)}; Sha256 = ${text(sha256)} }`,
    )
  return `# Installs postern for whoever runs this. It needs no administrator, and asks nothing.
#
#   irm ${gateway}/.postern/install.ps1 | iex
#
# Where Windows does not know the authority of the gateway's certificate, trust it first:
#   Import-Certificate -FilePath ca.pem -CertStoreLocation Cert:\\CurrentUser\\Root
& {
  $ErrorActionPreference = 'Stop'
  $ProgressPreference = 'SilentlyContinue'
  $gateway = ${text(gateway)}
  $files = @{
${files.join('\n')}
  }
  $cpu = if ($env:PROCESSOR_ARCHITEW6432) { $env:PROCESSOR_ARCHITEW6432 } else { $env:PROCESSOR_ARCHITECTURE }
  $systems = switch ($cpu) {
    'ARM64' { 'windows-arm64', 'windows-x64' }
    'AMD64' { 'windows-x64' }
  }
  $system = $systems | Where-Object { $files.ContainsKey($_) } | Select-Object -First 1
  if (-not $system) { throw "this gateway has no postern for Windows on the processor $cpu; see $gateway" }
  $file = $files[$system]

  $place = Join-Path $env:LOCALAPPDATA 'Programs\\Postern'
  $work = Join-Path ([IO.Path]::GetTempPath()) ('postern-' + [Guid]::NewGuid())
  New-Item -ItemType Directory -Path $work | Out-Null
  try {
    Write-Host "downloading postern $($file.Version) for $system from $gateway"
    $archive = Join-Path $work $file.Name
    Invoke-WebRequest -UseBasicParsing -Uri (${text(filesUrl)} + $file.Name) -OutFile $archive
    $found = (Get-FileHash -Algorithm SHA256 -Path $archive).Hash
    if ($found -ne $file.Sha256) {
      throw "the checksum of $($file.Name) is another one: nothing was installed (expected $($file.Sha256), found $found)"
    }
    Expand-Archive -Path $archive -DestinationPath (Join-Path $work 'unpacked')
    $new = Get-ChildItem -Path (Join-Path $work 'unpacked') -Recurse -File -Filter 'postern.exe' | Select-Object -First 1
    if (-not $new) { throw "there is no postern.exe in $($file.Name)" }
    & $new.FullName --version | Out-Null
    if ($LASTEXITCODE -ne 0) { throw "the program for $system does not run here: nothing was installed" }
    New-Item -ItemType Directory -Force -Path $place | Out-Null
    $program = Join-Path $place 'postern.exe'
    # A program that runs cannot be overwritten, and can be renamed.
    Get-ChildItem -Path $place -Filter 'postern-before-*.exe' | Remove-Item -ErrorAction SilentlyContinue
    if (Test-Path $program) { Move-Item $program (Join-Path $place "postern-before-$([Guid]::NewGuid()).exe") }
    Move-Item $new.FullName $program
    Write-Host "installed postern $($file.Version): $program"
  } finally {
    Remove-Item -Recurse -Force $work
  }

  $path = [Environment]::GetEnvironmentVariable('Path', 'User')
  if (-not (($path -split ';') -contains $place)) {
    [Environment]::SetEnvironmentVariable('Path', (@($path, $place) | Where-Object { $_ }) -join ';', 'User')
    Write-Host "note: $place was put into your PATH, which new terminals have"
  }
  if (-not (($env:Path -split ';') -contains $place)) { $env:Path = "$env:Path;$place" }
  Write-Host 'next:'
  Write-Host ${text(`  postern login ${gateway.replace('https://', '')}`)}
}
`
}

/** As PowerShell reads it back; it takes typographic quotes for plain ones. */
function text(value: string): string {
  return `'${value.replaceAll(/['‘’‚‛]/g, '$&$&')}'`
}
