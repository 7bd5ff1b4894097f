import assert from 'node:assert/strict'
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { builtExecutable } from '../../scripts/package/executable.fixture.ts'
import { type Base, type ImageArchitecture, imageUser } from '../../scripts/package/oci/base.ts'
import { archiveLayout, layoutName } from '../../scripts/package/oci/archive.ts'
import { makeImage } from '../../scripts/package/oci/image.ts'
import { writeLayout } from '../../scripts/package/oci/layout.ts'
import { createCertificateAuthority } from '../../src/net/certificate.ts'
import { version } from '../../src/version.ts'
import { mustRun, startChild } from '../e2e/child.ts'
import { peerTest, program } from '../e2e/peers.ts'
import type { Scope } from '../e2e/scope.ts'
import { makeTwice } from './making.ts'

const own: ImageArchitecture = process.arch === 'arm64' ? 'arm64' : 'amd64'
const seconds = 1_700_000_000

peerTest(
  'a container image is read by the tools for images, and has all that the gateway needs',
  ['skopeo', 'umoci', 'dpkg'],
  async (scope) => {
    const real = makeImage({
      version,
      architecture: own,
      executable: builtExecutable(),
      notices: 'notices\n',
      base: await baseOfThisMachine(scope),
      seconds,
      level: 1,
    })
    const archive = join(scope.directory, layoutName(version))
    archiveLayout(archive, version, [real, smallImage(scope)], seconds)
    for (const architecture of ['amd64', 'arm64'])
      assert.deepEqual(await inspect(scope, archive, architecture), expected(architecture))

    // umoci does not choose by the processor.
    const layout = join(scope.directory, 'layout')
    writeLayout(layout, version, [real])
    const bundle = join(scope.directory, 'bundle')
    await mustRun(scope, program('umoci'), ['unpack', '--image', `${layout}:${version}`, bundle])
    const root = join(bundle, 'rootfs')
    const stat = ['--format=%a %u %n', 'usr/bin/postern', 'etc/postern', 'tmp', 'var/lib/postern']
    assert.equal(
      (await mustRun(scope, program('stat'), stat, { cwd: root })).output,
      `755 0 usr/bin/postern\n755 0 etc/postern\n1777 0 tmp\n700 ${imageUser} var/lib/postern\n`,
    )
    await configure(root)
    const { process: config } = JSON.parse(
      readFileSync(join(bundle, 'config.json'), 'utf8'),
    ) as Bundle
    const run = (...args: string[]): [string, string[]] => [
      program('unshare'),
      [
        '--mount',
        '--pid',
        '--fork',
        '--kill-child',
        '/bin/sh',
        '-euc',
        container,
        'container',
        root,
        ...args,
      ],
    ]
    const env = Object.fromEntries(config.env.map((line) => line.split(/=(.*)/s)))
    const versionSaid = await mustRun(scope, ...run('/usr/bin/postern', '--version'), { env })
    assert.equal(versionSaid.output, `postern ${version}\n`)
    const check = ['gateway', 'check', '-c', '/etc/postern/postern.yaml']
    await mustRun(scope, ...run('/usr/bin/postern', ...check), { env })
    const gateway = startChild(scope, ...run(...config.args), { env, endSignal: 'SIGKILL' })
    await gateway.says(/"message":"listening"/)
  },
)

peerTest('a container image is the same whoever makes it', [], async (scope) => {
  const [once, again] = makeTwice((name) => layoutOf(scope, name))
  assert.ok(once.length === 5)
  assert.deepEqual(again, once)
  return Promise.resolve()
})

/** What the image specification has for a bundle, of which umoci makes one. */
interface Bundle {
  readonly process: { readonly args: readonly string[]; readonly env: readonly string[] }
}

/** As an engine starts it, as far as files and the user go. */
const container = `
  root=$1; shift
  mkdir -p "$root/proc" "$root/dev"
  mount -t proc proc "$root/proc"
  for name in null zero urandom; do : >"$root/dev/$name"; mount --bind "/dev/$name" "$root/dev/$name"; done
  cd "$root"
  exec /usr/sbin/chroot --userspec=${imageUser}:${imageUser} "$root" "$@"
`

async function configure(root: string): Promise<void> {
  const authority = await createCertificateAuthority()
  const { cert, key } = await authority.issue(['ssh.example.com'])
  const lines = [
    'address: 127.0.0.1:0',
    'certificate_file: cert.pem',
    'certificate_key_file: key.pem',
    'routes:',
    '  - from: tcp+https://ssh.example.com:22',
    '    to: tcp://127.0.0.1:22',
    '    allow_public_unauthenticated_access: true',
    '',
  ]
  const files = { 'postern.yaml': lines.join('\n'), 'cert.pem': cert, 'key.pem': key }
  for (const [name, text] of Object.entries(files)) {
    const path = join(root, 'etc/postern', name)
    writeFileSync(path, text)
    chmodSync(path, 0o400)
    chownSync(path, imageUser, imageUser)
  }
}

/** What the packages of Debian have brought here is what they bring elsewhere. */
async function baseOfThisMachine(scope: Scope): Promise<Base> {
  const status = async (name: string): Promise<string> =>
    (await mustRun(scope, program('dpkg-query'), ['--status', name])).output
  return {
    root: '/',
    packages: { libc6: await status('libc6'), 'ca-certificates': await status('ca-certificates') },
  }
}

/** For the other processor, of files that are quick to pack. */
function smallImage(scope: Scope): ReturnType<typeof makeImage> {
  const architecture = own === 'amd64' ? 'arm64' : 'amd64'
  const libraries = architecture === 'arm64' ? 'lib/aarch64-linux-gnu' : 'lib/x86_64-linux-gnu'
  const loader = architecture === 'arm64' ? 'ld-linux-aarch64.so.1' : 'ld-linux-x86-64.so.2'
  const root = join(scope.directory, 'base')
  const paths = [
    ...[loader, 'libc.so.6', 'libm.so.6', 'libpthread.so.0', 'libdl.so.2'].map(
      (name) => `usr/${libraries}/${name}`,
    ),
    'usr/share/ca-certificates/mozilla/One.crt',
    'usr/share/doc/libc6/copyright',
    'usr/share/doc/ca-certificates/copyright',
  ]
  for (const path of paths) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), `${path}\n`)
  }
  return makeImage({
    version,
    architecture,
    executable: import.meta.filename,
    notices: 'notices\n',
    base: { root, packages: { libc6: 'Package: libc6\n', 'ca-certificates': 'Package: c\n' } },
    seconds,
  })
}

/** The names of all blobs, which are the hashes of their bytes. */
function layoutOf(scope: Scope, name: string): string[] {
  const layout = join(scope.directory, name)
  writeLayout(layout, version, [smallImage(scope)])
  return readdirSync(join(layout, 'blobs', 'sha256')).sort()
}

async function inspect(scope: Scope, archive: string, architecture: string): Promise<object> {
  const args = [`--override-arch=${architecture}`, 'inspect', '--config', `oci-archive:${archive}`]
  const { output } = await mustRun(scope, program('skopeo'), args)
  const { architecture: found, os, created, config } = JSON.parse(output) as Record<string, object>
  return { architecture: found, os, created, config }
}

function expected(architecture: string): object {
  return {
    architecture,
    os: 'linux',
    created: '2023-11-14T22:13:20Z',
    config: {
      User: '65532:65532',
      ExposedPorts: { '443/tcp': {} },
      Env: ['PATH=/usr/bin', 'NODE_ENV=production', 'STATE_DIRECTORY=/var/lib/postern'],
      Entrypoint: ['/usr/bin/postern'],
      Cmd: ['gateway', '-c', '/etc/postern/postern.yaml'],
      WorkingDir: '/etc/postern',
      Labels: {
        'org.opencontainers.image.description':
          'Identity-aware access to TCP services through one HTTPS port',
        'org.opencontainers.image.licenses': 'Apache-2.0',
        'org.opencontainers.image.title': 'postern',
        'org.opencontainers.image.version': version,
      },
      StopSignal: 'SIGTERM',
    },
  }
}
