import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { PackageFile } from '../linux/package-file.ts'

/** As the image specification names processors, which are Go's names. */
export type ImageArchitecture = 'amd64' | 'arm64'

/** Packages of Debian, unpacked. */
export interface Base {
  readonly root: string
  /** By the package's name: what Debian says of it, with its version. */
  readonly packages: Readonly<Record<(typeof basePackages)[number], string>>
}

/** What the executable needs besides itself: the C library. And what a sign-in service's certificate is checked with. */
export const basePackages = ['libc6', 'ca-certificates'] as const

/** Whoever runs the gateway in the image; `nonroot` of the images that have nothing but a program. */
export const imageUser = 65_532

const loaders = {
  amd64: { loader: '/lib64/ld-linux-x86-64.so.2', libraries: '/lib/x86_64-linux-gnu' },
  arm64: { loader: '/lib/ld-linux-aarch64.so.1', libraries: '/lib/aarch64-linux-gnu' },
} as const
/** All that the executable names; since glibc 2.34 names are resolved by the first of them. */
const libraries = ['libc.so.6', 'libm.so.6', 'libpthread.so.0', 'libdl.so.2']

/** All files of the image that are not ours. */
export function baseFiles(
  { root, packages }: Base,
  architecture: ImageArchitecture,
): PackageFile[] {
  const places = loaders[architecture]
  const library = (name: string): PackageFile['content'] => ({
    of: find(root, join(places.libraries, name)),
  })
  return [
    { path: places.loader, content: library(basename(places.loader)), mode: 0o755 },
    ...libraries.map((name) => ({
      path: join(places.libraries, name),
      content: library(name),
      mode: 0o755,
    })),
    { path: '/etc/ssl/certs/ca-certificates.crt', content: authorities(root) },
    { path: '/etc/passwd', content: users },
    { path: '/etc/group', content: `root:x:0:\npostern:x:${imageUser}:\n` },
    { path: '/etc/nsswitch.conf', content: 'hosts: files dns\n' },
    ...Object.entries(packages).flatMap(([name, control]) => [
      // Where programs that look for known faults in images find what is in one without a package manager.
      { path: `/var/lib/dpkg/status.d/${name}`, content: control },
      {
        path: `/usr/share/doc/${name}/copyright`,
        content: { of: find(root, `/usr/share/doc/${name}/copyright`) },
      },
    ]),
  ]
}

const users = [
  'root:x:0:0:root:/root:/usr/sbin/nologin',
  `postern:x:${imageUser}:${imageUser}:Postern gateway:/var/lib/postern:/usr/sbin/nologin`,
  '',
].join('\n')

function authorities(root: string): string {
  const paths = globSync(join(root, 'usr/share/ca-certificates/mozilla/*.crt')).sort()
  if (paths.length === 0) throw new Error(`there are no certificates of authorities in "${root}"`)
  return paths.map((path) => `${readFileSync(path, 'utf8').trim()}\n`).join('')
}

/** Debian moves its libraries from /lib to /usr/lib. */
function find(root: string, path: string): string {
  const found = [join(root, path), join(root, 'usr', path)].find((path) => existsSync(path))
  if (found === undefined) throw new Error(`there is no "${path}" in "${root}"`)
  return found
}
