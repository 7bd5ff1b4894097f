import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { after, describe, test } from 'node:test'
import { createCertificateAuthority } from '../../src/net/certificate.ts'
import { runProgramSync, spawnProgram } from '../../src/program.fixture.ts'
import { version } from '../../src/version.ts'
import { builtDist, builtExecutable } from './executable.fixture.ts'
import { limits } from './limits.ts'
import { isMissing } from './peer.fixture.ts'
import { releaseFiles } from './release-files.ts'
import { ownSystem } from './systems.ts'

const directory = mkdtempSync(join(tmpdir(), 'postern-release-'))
after(() => {
  chmodSync(join(directory, name), 0o755)
  rmSync(directory, { recursive: true })
})
const name = `postern-${version}-${ownSystem().name}`
const [archive, bill] = await releaseFiles(
  ownSystem(),
  builtDist(),
  readFileSync(builtExecutable()),
)
writeFileSync(join(directory, 'archive'), archive?.bytes ?? '')
assert.equal(run('tar', ['-xzf', 'archive']), '')
// Read by anybody, written by nobody, as a read-only file system has it.
chmodSync(directory, 0o755)
chmodSync(join(directory, name), 0o555)

test('an archive has the program, its licences, manual and completions', () => {
  assert.equal(archive?.name, `${name}.tar.gz`)
  assert.deepEqual(run('tar', ['-tzf', 'archive']).trim().split('\n'), [
    `${name}/LICENSE`,
    `${name}/README.md`,
    `${name}/THIRD-PARTY-LICENSES`,
    `${name}/completions/_postern`,
    `${name}/completions/postern.bash`,
    `${name}/completions/postern.fish`,
    `${name}/completions/postern.ps1`,
    `${name}/man/postern.1`,
    `${name}/postern`,
    `${name}/postern.cdx.json`,
  ])
  assert.deepEqual(bill?.bytes, readFileSync(join(directory, name, 'postern.cdx.json')))
})

test('an archive is no larger than promised', (t) => {
  const { size } = statSync(join(directory, 'archive'))
  t.diagnostic(`${size} bytes`)
  assert.ok(size <= limits.archiveBytes, `${size} bytes`)
})

/** Nobody's rights, and no environment at all: not even PATH. */
const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups', '--no-new-privs', 'env', '-i']
const isRoot = process.getuid?.() === 0
const skip = isMissing('setpriv') || (!isRoot && process.env['CI'] !== 'true' && 'this needs root')

describe('the executable in an empty environment and a read-only directory', { skip }, () => {
  const program = join(directory, name, 'postern')
  const asNobody = (...args: readonly string[]) =>
    runProgramSync('setpriv', [...nobody, program, ...args], { cwd: join(directory, name) })

  test('the directory is one that it cannot write to', () => {
    const probe = ['/bin/sh', '-c', '(echo > probe) 2>/dev/null && echo written; id -u']
    const { stdout } = runProgramSync('setpriv', [...nobody, ...probe], {
      cwd: join(directory, name),
    })
    assert.equal(stdout, '65534\n')
  })

  test('it tells its version and its help', () => {
    assert.equal(asNobody('--version').stdout, `postern ${version}\n`)
    const { status, stdout, stderr } = asNobody('--help')
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' })
    assert.match(stdout, /^Usage: postern/)
  })

  test('it checks a configuration, is a gateway, and brings bytes through it', async () => {
    const service = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1')
    await once(service, 'listening')
    const home = join(directory, 'gateway')
    await writeConfiguration(home, (service.address() as AddressInfo).port)
    const config = join(home, 'postern.yaml')
    const checked = asNobody('gateway', 'check', '-c', config)
    assert.match(checked.stderr, /is valid: 1 route$/m)
    assert.equal(checked.status, 0)

    const options = { cwd: join(directory, name) }
    const start = (...args: string[]) =>
      spawnProgram('setpriv', [...nobody, program, ...args], options)
    const gateway = start('gateway', '-c', config)
    gateway.stderr.pipe(process.stderr)
    try {
      const port = await portOf(gateway.stdout)
      const flags = ['--gateway', `https://127.0.0.1:${port}`, '--ca-file', join(home, 'ca.pem')]
      const client = start('tcp', ...flags, '--listen', '-', 'echo.example.com:7')
      const [said, errors] = [text(client.stdout), text(client.stderr)]
      client.stdin.end('hello through both\n')
      assert.equal(await said, 'hello through both\n', await errors)
    } finally {
      gateway.kill()
      await once(gateway, 'close')
      service.close()
    }
  })
})

async function writeConfiguration(home: string, servicePort: number): Promise<void> {
  const authority = await createCertificateAuthority()
  const { cert, key } = await authority.issue(['localhost', '127.0.0.1'])
  mkdirSync(join(home, 'state'), { recursive: true })
  const files = {
    'cert.pem': cert,
    'ca.pem': authority.cert,
    'key.pem': key,
    'postern.yaml': `address: 127.0.0.1:0
certificate_file: cert.pem
certificate_key_file: key.pem
state_directory: state
routes:
  - from: tcp+https://echo.example.com:7
    to: tcp://127.0.0.1:${servicePort}
    allow_public_unauthenticated_access: true
`,
  }
  for (const [file, content] of Object.entries(files))
    writeFileSync(join(home, file), content, { mode: 0o600 })
  if (isRoot) run('chown', ['-R', '65534:65534', home])
}

/** Where a gateway says that it listens. */
async function portOf(log: NodeJS.ReadableStream): Promise<number> {
  for await (const line of createInterface(log)) {
    const { message, address } = JSON.parse(line) as Record<string, unknown>
    if (message === 'listening') return Number(String(address).split(':').at(-1))
  }
  throw new Error('the gateway ended before it listened')
}

function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = runProgramSync(command, args, { cwd: directory })
  assert.equal(status, 0, stderr)
  return stdout
}
