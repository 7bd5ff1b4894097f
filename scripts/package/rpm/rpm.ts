import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Component } from '../contents.ts'
import { linuxFiles, type LinuxParts } from '../linux/linux-files.ts'
import type { PackageFile } from '../linux/package-file.ts'
import { runTool } from '../linux/run-tool.ts'
import { stageFiles, withStage } from '../linux/stage.ts'
import { packageVersion } from '../linux/version.ts'
import { specOf } from './spec.ts'

export type RpmArchitecture = 'x86_64' | 'aarch64'

export interface RpmOptions extends LinuxParts {
  /** As package.json has it. */
  readonly version: string
  readonly architecture: RpmArchitecture
  readonly components: readonly Component[]
  /** When all files are from, in seconds since 1970. */
  readonly seconds: number
  /** Where the package goes. */
  readonly outfile: string
  /** **Default:** zstd, which RPM reads since 4.14; none is for those who make many */
  readonly compression?: 'zstd' | 'none'
}

const root = join(import.meta.dirname, '..', '..', '..')
/** As RPM names levels and formats of what it writes. */
const payloads = { zstd: 'w16.zstdio', none: 'w.ufdio' } as const

/** `postern-0.1.0-1.x86_64.rpm` */
export function rpmName(version: string, architecture: RpmArchitecture): string {
  return `postern-${packageVersion(version)}-1.${architecture}.rpm`
}

/**
 * Makes the package of Fedora, RHEL, SUSE and those made of them. The same parts make the same bytes.
 *
 * @throws Error when there is no `rpmbuild`.
 */
export function makeRpm(options: RpmOptions): void {
  const { version, architecture, components, seconds, compression = 'zstd', outfile } = options
  withStage((directory) => {
    const files = rpmFiles(options)
    const stage = join(directory, 'stage')
    stageFiles(stage, files, seconds)
    const spec = join(directory, 'postern.spec')
    writeFileSync(spec, specOf({ version, components, stage, files }))
    const defines = {
      _topdir: join(directory, 'top'),
      _rpmdir: directory,
      _rpmfilename: 'made.rpm',
      _binary_payload: payloads[compression],
      _buildhost: 'postern',
      use_source_date_epoch_as_buildtime: '1',
      clamp_mtime_to_source_date_epoch: '1',
    }
    runTool(
      'rpmbuild',
      [
        '-bb',
        '--target',
        `${architecture}-linux`,
        ...Object.entries(defines).flatMap(([name, value]) => ['--define', `${name} ${value}`]),
        spec,
      ],
      // Settings of whoever makes it are in their home.
      { cwd: directory, env: { SOURCE_DATE_EPOCH: String(seconds), HOME: directory } },
    )
    copyFileSync(join(directory, 'made.rpm'), outfile)
  })
}

function rpmFiles(options: RpmOptions): PackageFile[] {
  return [
    ...linuxFiles(options, {
      zshCompletions: '/usr/share/zsh/site-functions',
      fishCompletions: '/usr/share/fish/vendor_completions.d',
    }),
    {
      path: '/usr/share/licenses/postern/LICENSE',
      content: readFileSync(join(root, 'LICENSE')),
    },
    { path: '/usr/share/licenses/postern/THIRD-PARTY-LICENSES', content: options.notices },
  ]
}
