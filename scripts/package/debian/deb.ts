import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import { gzip } from '../archive/gzip.ts'
import { runTool } from '../linux/run-tool.ts'
import { linuxFiles, type LinuxParts } from '../linux/linux-files.ts'
import type { PackageFile } from '../linux/package-file.ts'
import { readScript } from '../linux/scripts.ts'
import { packageVersion } from '../linux/version.ts'
import { stageFiles, withStage } from '../linux/stage.ts'
import type { Component } from '../contents.ts'
import { copyrightFile } from './copyright.ts'

export type DebianArchitecture = 'amd64' | 'arm64'

export interface DebOptions extends LinuxParts {
  /** As package.json has it. */
  readonly version: string
  readonly architecture: DebianArchitecture
  readonly components: readonly Component[]
  /** When all files are from, in seconds since 1970. */
  readonly seconds: number
  /** Where the package goes. */
  readonly outfile: string
  /** **Default:** xz, a third smaller than gzip and read by every Debian; none is for those who make many */
  readonly compression?: 'xz' | 'none'
}

const root = join(import.meta.dirname, '..', '..', '..')

/** `postern_0.1.0_amd64.deb` */
export function debName(version: string, architecture: DebianArchitecture): string {
  return `postern_${packageVersion(version)}_${architecture}.deb`
}

/**
 * Makes the package of Debian, Ubuntu and those made of them. The same parts make the same bytes.
 *
 * @throws Error when there is no `dpkg-deb`.
 */
export function makeDeb(options: DebOptions): void {
  const { compression = 'xz', outfile, seconds } = options
  withStage((stage) => {
    stageFiles(stage, [...debFiles(options)], seconds)
    runTool(
      'dpkg-deb',
      // Blocks of more threads, as many as the machine has, would be other bytes.
      ['--root-owner-group', '--threads-max=1', `-Z${compression}`, '--build', stage, outfile],
      { env: { SOURCE_DATE_EPOCH: String(seconds) } },
    )
  })
}

function debFiles(options: DebOptions): PackageFile[] {
  const files = [
    ...linuxFiles(options, {
      zshCompletions: '/usr/share/zsh/vendor-completions',
      fishCompletions: '/usr/share/fish/vendor_completions.d',
    }),
    { path: '/usr/share/doc/postern/copyright', content: copyrightFile(options.components) },
    {
      path: '/usr/share/doc/postern/THIRD-PARTY-LICENSES.gz',
      content: gzip(options.notices),
    },
    {
      path: '/usr/share/doc/postern/changelog.gz',
      content: gzip(readFileSync(join(root, 'CHANGELOG.md'))),
    },
  ]
  const script = (name: string): PackageFile => ({
    path: `/DEBIAN/${name}`,
    content: readScript(`debian/${name}.sh`),
    mode: 0o755,
  })
  return [
    ...files,
    { path: '/DEBIAN/control', content: control(options, files) },
    { path: '/DEBIAN/conffiles', content: conffiles(files) },
    { path: '/DEBIAN/md5sums', content: sums(files) },
    script('postinst'),
    script('prerm'),
    script('postrm'),
  ]
}

/**
 * The executable needs the C library alone, of 2012 or later.
 *
 * @see https://www.debian.org/doc/debian-policy/ch-controlfields.html
 */
function control({ version, architecture }: DebOptions, files: readonly PackageFile[]): string {
  const bytes = files.reduce((sum, file) => sum + bytesOf(file).length, 0)
  return [
    'Package: postern',
    `Version: ${packageVersion(version)}`,
    `Architecture: ${architecture}`,
    'Maintainer: The authors of Postern',
    `Installed-Size: ${Math.ceil(bytes / 1024)}`,
    'Depends: libc6 (>= 2.17)',
    'Section: net',
    'Priority: optional',
    'Description: identity-aware access to TCP services through one HTTPS port',
    ' People reach SSH, databases, Remote Desktop and other TCP services through one',
    ' HTTPS port, with the sign-in of their company and a policy for each service.',
    ' .',
    ' This package has the client, the connector and the gateway in one program, and',
    ' a systemd unit of the gateway, which runs only when it has been configured.',
    '',
  ].join('\n')
}

function conffiles(files: readonly PackageFile[]): string {
  return files.flatMap((file) => (file.isConfiguration ? [`${file.path}\n`] : [])).join('')
}

/** What `dpkg --verify` compares with. Configuration is not among them: it is meant to change. */
function sums(files: readonly PackageFile[]): string {
  return files
    .filter((file) => file.isConfiguration !== true)
    .map((file) => {
      const sum = createHash('md5').update(bytesOf(file)).digest('hex')
      return `${sum}  ${file.path.slice(1)}\n`
    })
    .join('')
}

function bytesOf({ content }: PackageFile): Buffer {
  if (typeof content === 'string') return Buffer.from(content)
  return Buffer.isBuffer(content) ? content : readFileSync(content.of)
}
