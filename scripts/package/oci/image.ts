import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Base, baseFiles, type ImageArchitecture, imageUser } from './base.ts'
import { type Layer, makeLayer } from './layer.ts'

export interface ImageOptions {
  /** As package.json has it. */
  readonly version: string
  readonly architecture: ImageArchitecture
  /** The path of the executable, which is the one for glibc. */
  readonly executable: string
  /** Under which licences its parts are, with their texts. */
  readonly notices: string
  readonly base: Base
  /** When all files are from, in seconds since 1970. */
  readonly seconds: number
  /** Of gzip, 1–9. **Default:** 9 */
  readonly level?: number
}

export interface Image {
  readonly architecture: ImageArchitecture
  readonly config: object
  readonly layers: readonly Layer[]
}

const root = join(import.meta.dirname, '..', '..', '..')

/** What comes from Debian is a layer of its own, which a new version of Postern does not bring again. */
export function makeImage(options: ImageOptions): Image {
  const { version, architecture, executable, notices, base, seconds, level = 9 } = options
  const layers = [
    makeLayer({ files: baseFiles(base, architecture), folders, seconds, level }),
    makeLayer({
      files: [
        { path: '/usr/bin/postern', content: { of: executable }, mode: 0o755 },
        { path: '/usr/share/doc/postern/LICENSE', content: readFileSync(join(root, 'LICENSE')) },
        { path: '/usr/share/doc/postern/THIRD-PARTY-LICENSES', content: notices },
      ],
      seconds,
      level,
    }),
  ]
  return { architecture, config: configOf(version, architecture, seconds, layers), layers }
}

const folders = [
  { path: 'etc/postern', mode: '0755', owner: 0 },
  { path: 'tmp', mode: '1777', owner: 0 },
  { path: 'var/lib/postern', mode: '0700', owner: imageUser },
]

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.0/config.md */
function configOf(
  version: string,
  architecture: ImageArchitecture,
  seconds: number,
  layers: readonly Layer[],
): object {
  const created = new Date(seconds * 1000).toISOString()
  return {
    created,
    architecture,
    os: 'linux',
    config: {
      User: `${imageUser}:${imageUser}`,
      ExposedPorts: { '443/tcp': {} },
      Env: ['PATH=/usr/bin', 'NODE_ENV=production', 'STATE_DIRECTORY=/var/lib/postern'],
      Entrypoint: ['/usr/bin/postern'],
      Cmd: ['gateway', '-c', '/etc/postern/postern.yaml'],
      WorkingDir: '/etc/postern',
      Labels: labelsOf(version),
      StopSignal: 'SIGTERM',
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: ['packages of Debian', `postern ${version}`].map((comment) => ({ created, comment })),
  }
}

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.0/annotations.md */
export function labelsOf(version: string): Readonly<Record<string, string>> {
  return {
    'org.opencontainers.image.title': 'postern',
    'org.opencontainers.image.description':
      'Identity-aware access to TCP services through one HTTPS port',
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.licenses': 'Apache-2.0',
  }
}
