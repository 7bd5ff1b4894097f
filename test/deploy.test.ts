import assert from 'node:assert/strict'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { after, describe, test } from 'node:test'
import { parse } from 'yaml'
import { createCertificateAuthority } from '../src/net/certificate.ts'
import { runProgramSync } from '../src/program.fixture.ts'
import { mustRun, runChild, startChild, type Result } from './e2e/child.ts'
import { peerTest, program } from './e2e/peers.ts'
import { posternCommand } from './e2e/rig.ts'
import type { Scope } from './e2e/scope.ts'

const root = join(import.meta.dirname, '..')
const deploy = join(root, 'deploy')
const example = join(root, 'examples', 'ssh-tcp-l4-passthrough')
const manifest = JSON.parse(read('package.json')) as {
  readonly scripts: Readonly<Record<string, string>>
  readonly engines: { readonly node: string }
}

describe('the compose files', () => {
  for (const directory of [deploy, example]) {
    const file = join(directory, 'docker-compose.yaml')
    test(`${relative(root, file)} names what there is`, () => {
      const { services, networks = {}, volumes = {} } = readCompose(file)
      for (const [name, service] of Object.entries(services)) {
        assert.ok((service.build === undefined) !== (service.image === undefined), name)
        if (service.build !== undefined) checkBuild(directory, service.build)
        for (const mount of service.volumes ?? []) checkMount(directory, mount, volumes)
        for (const network of Object.keys(service.networks ?? {})) assert.ok(network in networks)
        for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
          assert.equal(condition, 'service_healthy')
          const build = services[other]?.build
          assert.ok(build !== undefined, other)
          assert.match(readFileSync(dockerfileOf(directory, build), 'utf8'), /^HEALTHCHECK /m)
        }
      }
    })
  }

  test("the example's edge has the public name, and the address that may send PROXY headers", () => {
    const { services } = readCompose(join(example, 'docker-compose.yaml'))
    assert.deepEqual(Object.keys(services).sort(), ['client', 'gateway', 'nginx', 'sshd'])
    const edge = services['nginx']?.networks?.['example']
    assert.deepEqual(edge?.aliases, ['ssh.demo.example.com'])
    const config = readFileSync(join(example, 'config', 'postern.yaml'), 'utf8')
    assert.ok(config.includes(`# proxy_protocol_from: [${edge.ipv4_address}/32]`))
  })

  test('a guide names services of the compose file, and no others', () => {
    const { services } = readCompose(join(example, 'docker-compose.yaml'))
    for (const page of ['docs/l4-edge.md', 'examples/ssh-tcp-l4-passthrough/README.md']) {
      const named = [
        ...read(page).matchAll(/docker compose (?:logs --tail=\d+|exec(?: -d)?|restart) (\S+)/g),
      ]
      assert.ok(named.length > 0, page)
      for (const [, name = ''] of named) assert.ok(name in services, `${page}: ${name}`)
    }
  })
})

describe('the Dockerfiles', () => {
  const files = ['deploy/Dockerfile', 'examples/ssh-tcp-l4-passthrough/client/Dockerfile']
  for (const file of files) {
    test(`${file} copies and runs what there is, on a Node.js that will do`, () => {
      const text = read(file).replaceAll('\\\n', ' ')
      for (const [, sources = ''] of text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)) {
        for (const source of sources.split(' ')) assert.ok(existsSync(join(root, source)), source)
      }
      for (const [, name = ''] of text.matchAll(/npm run ([\w:-]+)/g)) {
        assert.ok(name in manifest.scripts, name)
      }
      const oldest = Number(/\d+/.exec(manifest.engines.node)?.[0])
      const bases = [...text.matchAll(/^FROM node:(\d+)-/gm)].map(([, major]) => Number(major))
      assert.ok(bases.length === 2 && bases.every((major) => major >= oldest), String(bases))
      assert.ok(existsSync(join(root, `${file}.dockerignore`)))
    })
  }

  test('what is built outside, and secrets, stay outside of the image', () => {
    for (const file of files) {
      const ignored = read(`${file}.dockerignore`).split('\n')
      for (const name of ['.git', '**/node_modules', '**/dist', '**/certs', '**/secrets']) {
        assert.ok(ignored.includes(name), name)
      }
    }
  })

  test("the gateway's image runs as a user without rights", () => {
    const [, last = ''] = read('deploy/Dockerfile').split(/\n(?=FROM )(?!.* AS )/)
    assert.match(last, /^USER postern$/m)
    assert.match(last, /useradd --system --uid 10443 .* postern/)
    assert.match(read('deploy/docker-compose.yaml'), /chown 10443 /)
  })
})

describe('what the image holds', () => {
  const image = mkdtempSync(join(tmpdir(), 'postern-image-'))
  after(() => rmSync(image, { recursive: true }))

  peerTest('runs, checks the example configuration, and reports its health', [], async (scope) => {
    const builder = join(root, 'scripts', 'build.mjs')
    await mustRun(scope, process.execPath, [builder, join(image, 'dist')])
    cpSync(join(root, 'package.json'), join(image, 'package.json'))
    const postern = join(image, 'dist', 'postern.js')
    const config = await publicConfig(scope)
    const env = { STATE_DIRECTORY: join(scope.directory, 'state'), PATH: '/usr/bin:/bin' }
    const run = (...args: string[]): Promise<Result> =>
      runChild(scope, process.execPath, [postern, ...args], { env })
    assert.match((await run('--version')).output, /^postern \d/)
    assert.equal((await run('gateway', 'check', '-c', config)).ending, 0)
    assert.equal((await run(...healthCheck())).ending, 8)
    const gateway = startChild(scope, process.execPath, [postern, 'gateway', '-c', config], { env })
    await gateway.says(/"message":"listening"/)
    assert.equal((await run(...healthCheck())).ending, 0)

    function healthCheck(): string[] {
      const [, command = ''] =
        /^HEALTHCHECK .*\n\s+CMD postern (.*) >\/dev\/null$/m.exec(read('deploy/Dockerfile')) ?? []
      assert.notEqual(command, '')
      return command.replace('"$STATE_DIRECTORY"', env.STATE_DIRECTORY).split(' ')
    }
  })
})

describe('the configurations to start from', () => {
  const configs = [deploy, example].flatMap((directory) =>
    readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => join(directory, name))
      .filter((path) => Object.hasOwn(Object(parse(readFileSync(path, 'utf8'))), 'routes')),
  )

  test('are found', () => assert.ok(configs.length >= 2, String(configs)))

  for (const config of configs) {
    const name = relative(root, config)
    peerTest(`${name} passes its own check, with the PROXY protocol as well`, [], async (scope) => {
      const text = await placed(readFileSync(config, 'utf8'), scope)
      const proxied = text.replaceAll(/^# (?=use_proxy|proxy_protocol)/gm, '')
      assert.notEqual(proxied, text)
      const path = join(scope.directory, 'postern.yaml')
      for (const tried of [text, proxied]) {
        await writeFile(path, tried)
        const [command, args] = posternCommand('gateway', 'check', path, '--json')
        const { status, stdout, stderr } = runProgramSync(command, args)
        assert.equal(status, 0, stdout + stderr)
        assert.deepEqual(JSON.parse(stdout), { valid: true, problems: [], warnings: [] })
      }
    })
  }

  test('deploy/postern.yaml takes the secret from where the unit and the compose file have it', () => {
    const { idp_client_secret_file: file } = parse(read('deploy/postern.yaml')) as Record<
      string,
      string
    >
    assert.match(
      read('deploy/postern-gateway.service'),
      new RegExp(`^LoadCredential=.*:${file}$`, 'm'),
    )
    assert.match(read('deploy/docker-compose.yaml'), /IDP_CLIENT_SECRET_FILE: /)
  })
})

/** A configuration with what it names below a folder of the test: certificates, and the secret of a client. */
async function placed(text: string, scope: Scope): Promise<string> {
  const authority = await createCertificateAuthority()
  const names = ['access.example.com', 'ssh.example.com', 'ssh.demo.example.com']
  const { cert, key } = await authority.issue(names)
  const contents = { crt: cert, pem: cert, key, 'key.pem': key, 'idp-client-secret': 'a secret' }
  const own = text.replaceAll(/(?<=_file: )\/.*$/gm, (path) => join(scope.directory, path))
  for (const [path] of own.matchAll(/(?<=_file: )\/.*$/gm)) {
    const [, content] = Object.entries(contents).findLast(([end]) => path.endsWith(end)) ?? []
    assert.ok(content !== undefined, path)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, content, { mode: 0o600 })
  }
  return own
}

describe('deploy/postern-gateway.service', () => {
  const unit = read('deploy/postern-gateway.service')
  const setting = (name: string): string | undefined =>
    new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1]

  peerTest('is what systemd understands, every key', ['systemd'], async (scope) => {
    const verified = await verifyUnit(scope, unit)
    assert.deepEqual([verified.ending, verified.errors], [0, ''])
    const unknown = await verifyUnit(scope, unit.replace('NoNewPrivileges=', 'NoNewPrivilege='))
    assert.notEqual(unknown.ending, 0)
    assert.match(unknown.errors, /Unknown key 'NoNewPrivilege'/)
  })

  peerTest('leaves the gateway little to do harm with', ['systemd'], async (scope) => {
    const path = await writeUnit(scope, unit)
    // In tenths; systemd calls up to 2.0 "OK", and what is left is the network and port 443.
    const args = ['security', '--offline=true', '--threshold=20', '--no-pager', path]
    const result = await runSystemdAnalyze(scope, args)
    assert.equal(result.ending, 0, result.output)
    assert.doesNotMatch(unit, /^MemoryDenyWriteExecute=/m)
  })

  test('starts the gateway with options that there are, and lets it end in its own time', () => {
    const [command = '', ...args] = (setting('ExecStart') ?? '').split(' ')
    assert.equal(command, '/usr/local/bin/postern')
    const [node, help] = posternCommand('gateway', '--help')
    const text = runProgramSync(node, help).stdout
    assert.equal(args[0], 'gateway')
    assert.ok(text.includes('-c, --config') && text.includes('--grace-period'))
    const grace = /--grace-period (\d+)s/.exec(args.join(' '))?.[1]
    assert.ok(Number(setting('TimeoutStopSec')) > Number(grace))
    assert.equal(setting('ExecReload'), '/bin/kill -HUP $MAINPID')
    assert.match(read('deploy/postern.sysusers'), new RegExp(`^u ${setting('User')} `, 'm'))
  })
})

/** systemd looks whether what it shall start is there; here, nothing of the reader's machine is. */
async function verifyUnit(scope: Scope, unit: string): Promise<Result> {
  const path = await writeUnit(scope, unit.replace('/usr/local/bin/postern', process.execPath))
  return runSystemdAnalyze(scope, ['verify', '--recursive-errors=yes', path])
}

async function writeUnit(scope: Scope, text: string): Promise<string> {
  const path = join(scope.directory, 'postern-gateway.service')
  await writeFile(path, text)
  return path
}

function runSystemdAnalyze(scope: Scope, args: readonly string[]): Promise<Result> {
  const env = { XDG_RUNTIME_DIR: scope.directory, PATH: '/usr/bin:/bin' }
  return runChild(scope, program('systemd-analyze'), args, { env })
}

async function publicConfig(scope: Scope): Promise<string> {
  const authority = await createCertificateAuthority()
  const { cert, key } = await authority.issue(['localhost'])
  writeFileSync(join(scope.directory, 'cert.pem'), cert)
  writeFileSync(join(scope.directory, 'key.pem'), key, { mode: 0o600 })
  const path = join(scope.directory, 'postern.yaml')
  const lines = [
    'address: 127.0.0.1:0',
    'certificate_file: cert.pem',
    'certificate_key_file: key.pem',
  ]
  const route = [
    'routes:',
    '  - from: tcp+https://ssh.example.com:22',
    '    to: tcp://127.0.0.1:22',
  ]
  const open = '    allow_public_unauthenticated_access: true'
  await writeFile(path, [...lines, ...route, open, ''].join('\n'))
  return path
}

type Build = string | { readonly context: string; readonly dockerfile: string }

interface Compose {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly build?: Build
        readonly image?: string
        readonly volumes?: readonly string[]
        readonly networks?: Readonly<
          Record<
            string,
            { readonly aliases?: readonly string[]; readonly ipv4_address?: string } | null
          >
        >
        readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
      }
    >
  >
  readonly networks?: Readonly<Record<string, unknown>>
  readonly volumes?: Readonly<Record<string, unknown>>
}

function readCompose(file: string): Compose {
  return parse(readFileSync(file, 'utf8')) as Compose
}

function dockerfileOf(directory: string, build: Build): string {
  return typeof build === 'string'
    ? join(directory, build, 'Dockerfile')
    : join(directory, build.context, build.dockerfile)
}

function checkBuild(directory: string, build: Build): void {
  const file = dockerfileOf(directory, build)
  assert.ok(existsSync(file), file)
  // The Dockerfiles copy from the repository's root, or from beside themselves.
  const context = typeof build === 'string' ? dirname(file) : join(directory, build.context)
  assert.ok(context === dirname(file) || relative(context, root) === '', context)
}

/** A file of the repository, one that whoever uses it puts there and git ignores, or a declared volume. */
function checkMount(
  directory: string,
  mount: string,
  volumes: Readonly<Record<string, unknown>>,
): void {
  const [source = ''] = mount.split(':')
  if (!source.startsWith('./')) {
    assert.ok(source in volumes, mount)
    return
  }
  const ignored = readFileSync(join(directory, '.gitignore'), 'utf8').split('\n').filter(Boolean)
  const isIgnored = ignored.some((line) => `${source.slice(1)}/`.startsWith(line))
  assert.ok(isIgnored || existsSync(join(directory, source)), mount)
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}
