import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzip } from '../archive/gzip.ts'
import type { PackageFile } from './package-file.ts'

const root = join(import.meta.dirname, '..', '..', '..')

/** What packages for Linux are made of. */
export interface LinuxParts {
  /** The path of the executable. */
  readonly executable: string
  /** Under which licences the parts of the executable are, with their texts. */
  readonly notices: string
  /** The manual's page, as groff reads it. */
  readonly manual: string
  /** By the shell. */
  readonly completions: Readonly<Record<'bash' | 'zsh' | 'fish', string>>
}

/** Where distributions differ. */
export interface Places {
  readonly zshCompletions: string
  readonly fishCompletions: string
}

/** The files that every package for Linux brings. */
export function linuxFiles(
  { executable, manual, completions }: LinuxParts,
  places: Places,
): PackageFile[] {
  return [
    { path: '/usr/bin/postern', content: { of: executable }, mode: 0o755 },
    { path: '/usr/share/man/man1/postern.1.gz', content: gzip(manual) },
    { path: '/usr/share/bash-completion/completions/postern', content: completions.bash },
    { path: `${places.zshCompletions}/_postern`, content: completions.zsh },
    { path: `${places.fishCompletions}/postern.fish`, content: completions.fish },
    { path: '/usr/lib/systemd/system/postern-gateway.service', content: unit() },
    { path: '/usr/lib/sysusers.d/postern.conf', content: sysusers() },
    {
      path: '/etc/postern/postern.yaml',
      content: readFileSync(join(root, 'deploy', 'postern.yaml')),
      isConfiguration: true,
    },
  ]
}

/** The unit of deploy/, for the executable of a package. */
function unit(): string {
  return readDeploy('postern-gateway.service', [
    [
      /^# .*\n/,
      '# Postern\'s package owns this file: change it with "systemctl edit postern-gateway".\n',
    ],
    ['/usr/local/bin/postern', '/usr/bin/postern'],
  ])
}

function sysusers(): string {
  return readDeploy('postern.sysusers', [[/^# .*\n/, '# The user of postern-gateway.service\n']])
}

function readDeploy(
  name: string,
  changes: readonly (readonly [string | RegExp, string])[],
): string {
  return changes.reduce(
    (text, [from, to]) => {
      const changed = text.replace(from, to)
      if (changed === text) throw new Error(`deploy/${name} has lost "${from}"`)
      return changed
    },
    readFileSync(join(root, 'deploy', name), 'utf8'),
  )
}
