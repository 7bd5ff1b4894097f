import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'node:test'
import { loadConfig } from '../../src/config/load.ts'
import { createCertificateAuthority } from '../../src/net/certificate.ts'
import { inTime, mustRun, startChild } from './child.ts'
import { openLine, readerAt, readGuide, runLine, type Guide } from './guide.ts'
import { example, holdExample, root, runEnvironment } from './l4-example.ts'
import { peerTest, program } from './peers.ts'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { untilListening } from './ports.ts'
import { alice } from './rig.ts'
import type { Scope } from './scope.ts'

const page = await readFile(join(root, 'docs', 'l4-edge.md'), 'utf8')
const noEngine = 'it needs a container engine'
const notRun = { 'docker compose up -d --build': noEngine, 'docker compose down -v': noEngine }

describe('docs/l4-edge.md', () => {
  peerTest(
    'can be followed line by line, with its own commands',
    ['OpenSSH', 'nginx', 'HAProxy', 'sshpass'],
    async (scope) => {
      const held = await holdExample(scope)
      const localPort = await freePort()
      const guide = readGuide(page, {
        notRun,
        standIns: {
          // What the containers' names and ports lead to.
          'docker compose exec -d client sh -lc': 'sh -c',
          // One process, which the scope can end.
          "'postern tcp": "'exec postern tcp",
          'docker compose exec client sh -lc': 'sh -c',
          'docker compose logs --tail=100 gateway': `cat ${held.directory}/logs/gateway.log`,
          'docker compose logs --tail=100 nginx': `cat ${held.directory}/logs/edge.log`,
          ' gateway.log': ` ${held.directory}/logs/gateway.log`,
          '/certs/ca.crt': `${held.directory}/certs/ca.crt`,
          '>/tmp/postern.log': `>${scope.directory}/postern.log`,
          '127.0.0.1:2222': `127.0.0.1:${localPort}`,
          '-p 2222': `-p ${localPort}`,
          'demo@': `${held.user}@`,
          'sshpass -e ssh': `sshpass -e ssh -F ${held.directory}/ssh_config`,
        },
      })
      const caFile = join(held.directory, 'certs', 'ca.crt')
      const reader = await readerAt(scope, { origin: held.origin, caFile }, alice)

      await checkCertificates(scope, guide)
      await checkExampleFiles(guide)
      const client = openLine(scope, reader, guide.command(/postern tcp ssh\.demo/))
      await untilListening(localPort, client)
      const ssh = await runLine(scope, reader, guide.command(/hostname; whoami/))
      checkSshOutput(ssh.output, guide.block('', /^sshd\ndemo\nLinux \S+ \S+\n$/), held.user)
      await checkLogs(scope, reader, guide)
      const crossed = `until ${guide.command(/bytes_sent=/)}; do sleep 0.1; done`
      const { output } = await runLine(scope, reader, crossed)
      assert.match(output, /bytes_sent=\d{4,} bytes_received=\d{4,}/)

      await checkWrongPort(scope, reader, guide)
      await checkSshConfig(scope, guide)
      await checkConfigurations(scope, guide)
      await checkEdges(scope, guide)
      checkRuns(guide)
      checkPictures(guide)
      guide.finish()
    },
  )
})

type Reader = Awaited<ReturnType<typeof readerAt>>

/** Makes and removes them in a copy of the example. */
async function checkCertificates(scope: Scope, guide: Guide): Promise<void> {
  assert.equal(guide.command(/^cd /), 'cd examples/ssh-tcp-l4-passthrough')
  const copy = join(scope.directory, 'example')
  await cp(example, copy, { recursive: true, filter: (path) => !path.endsWith('/certs') })
  const machine = { home: copy, env: runEnvironment(scope) }
  await runLine(scope, machine, guide.command(/gen-certs/))
  assert.ok(existsSync(join(copy, 'certs', 'postern.key')))
  await runLine(scope, machine, guide.command(/^rm -rf certs$/))
  assert.ok(!existsSync(join(copy, 'certs')))
}

/** The page shows the example's files as they are. */
async function checkExampleFiles(guide: Guide): Promise<void> {
  const file = (name: string): Promise<string> => readFile(join(example, name), 'utf8')
  assert.equal(guide.block('nginx', /log_format/), await file('nginx/nginx.conf'))
  assert.equal(guide.block('haproxy'), await file('haproxy/haproxy.cfg'))
  const routes = (text: string): string => text.slice(text.indexOf('routes:'))
  const withoutComments = routes(await file('config/postern.yaml')).replaceAll(/^ *#.*\n/gm, '')
  assert.equal(guide.block('yaml', /tcp:\/\/sshd:2222/), withoutComments)
}

/** As the page has it, but for what depends on the machine, and on whether the demo user can be. */
function checkSshOutput(output: string, shown: string, user: string): void {
  const lines = output.trimEnd().split('\n')
  assert.equal(lines.length, 3, output)
  assert.match(lines[2] ?? '', /^Linux \S+ \S+$/)
  if (user === 'demo') assert.deepEqual(lines.slice(0, 2), shown.split('\n').slice(0, 2))
  else assert.equal(lines[1], user)
}

async function checkLogs(scope: Scope, reader: Reader, guide: Guide): Promise<void> {
  const authorized = await runLine(scope, reader, onceLogged(guide, /"service":"authorize"/))
  const fields = guide
    .block('', /^"host"/)
    .trimEnd()
    .split('\n')
  for (const field of fields) assert.ok(authorized.output.includes(field), field)
  const tunnels = await runLine(scope, reader, onceLogged(guide, /"response-code":200/))
  assert.match(tunnels.output, /"ended":"/)
}

/** The page's search of the log, once it finds something: a line may come after what it tells of. */
function onceLogged(guide: Guide, command: RegExp): string {
  return `until ${guide.command(command)}; do sleep 0.1; done`
}

async function checkWrongPort(scope: Scope, reader: Reader, guide: Guide): Promise<void> {
  const result = openLine(scope, reader, 'postern tcp --listen - ssh.demo.example.com:443')
  result.stdin.end()
  assert.equal(await inTime(result.ended, () => result.errors()), 5)
  // The page's story is of a route :443, the example's of a route :22.
  const said = guide
    .block('', /^postern: error/)
    .replaceAll(/ssh\.example\.com:(22|443)|:443$/gm, 'X')
  const heard = result.errors().replaceAll(/ssh\.demo\.example\.com:(22|443)|:22$/gm, 'X')
  assert.ok(heard.startsWith(said), heard)
  const { output } = await runLine(scope, reader, onceLogged(guide, /^grep .*route_not_found/))
  assert.ok(output.includes(guide.block('', /^"response-code-details"/).trim()))
  assert.match(output, /"other-ports":\[22\]/)
}

async function checkSshConfig(scope: Scope, guide: Guide): Promise<void> {
  const path = join(scope.directory, 'ssh-config of the page')
  await writeFile(path, guide.block('sshconfig'))
  const { output } = await mustRun(scope, program('ssh'), ['-G', '-F', path, 'ssh-prod'])
  for (const line of ['hostname ssh.example.com', 'port 22', 'user testuser']) {
    assert.match(output, new RegExp(`^${line}$`, 'm'))
  }
  assert.match(output, /^proxycommand postern tcp --listen - %h:%p$/m)
}

/** Each piece of configuration is right beside what the reader has already. */
async function checkConfigurations(scope: Scope, guide: Guide): Promise<void> {
  const authority = await createCertificateAuthority()
  const { cert, key } = await authority.issue(['access.example.com'])
  await writeFile(join(scope.directory, 'cert.pem'), cert)
  await writeFile(join(scope.directory, 'key.pem'), key, { mode: 0o600 })
  const base = `certificate_file: cert.pem
certificate_key_file: key.pem
authenticate_service_url: https://access.example.com
idp_provider: oidc
idp_provider_url: https://login.example.com
idp_client_id: postern
idp_client_secret: a secret
`
  const production = guide.block('yaml', /ssh\.example\.com:22\n/)
  const proxied = guide.block('yaml', /use_proxy_protocol/)
  const mistaken = guide.block('yaml', /ssh\.example\.com:443/)
  for (const text of [production, `${proxied}${production}`, mistaken]) {
    const path = join(scope.directory, 'postern.yaml')
    await writeFile(path, base + text, { mode: 0o600 })
    const { warnings } = await loadConfig({ path, env: {} })
    assert.deepEqual(warnings, [], text)
  }
}

async function checkEdges(scope: Scope, guide: Guide): Promise<void> {
  const pem = ['cert.pem', 'key.pem'].map((name) => join(scope.directory, name))
  const [cert = '', key = ''] = pem
  const proxied = guide.block('nginx', /^stream/)
  const webSocket = guide
    .block('nginx', /proxy_set_header Upgrade/)
    .replace('/etc/nginx/cert.pem', cert)
    .replace('/etc/nginx/key.pem', key)
  for (const [name, text] of [
    ['proxied', `events {}\n${proxied}`],
    ['websocket', webSocket],
  ] as const) {
    const path = join(scope.directory, `${name}.conf`)
    // Nobody here is called "gateway", and a test may not be allowed port 443.
    const port = String(await freePort())
    const local = text
      .replace('listen 443', `listen ${port}`)
      .replace('gateway:443', '127.0.0.1:1')
      .replace('http {', `http {\n${ownPaths(scope)}`)
    await writeFile(path, local)
    const module = '/usr/lib/nginx/modules/ngx_stream_module.so'
    const load = existsSync(module) ? `load_module ${module};` : ''
    const globals = `${load} pid ${scope.directory}/nginx.pid;`
    const args = ['-t', '-p', scope.directory, '-e', 'stderr', '-c', path, '-g', globals]
    const child = startChild(scope, program('nginx'), args)
    assert.equal(await child.ended, 0, child.errors())
  }
}

/** Debian's nginx keeps these where only root may write. */
function ownPaths(scope: Scope): string {
  const names = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const lines = names.map((name) => `${name}_temp_path ${join(scope.directory, `nginx-${name}`)};`)
  return ['access_log off;', ...lines].join('\n')
}

/** The combinations that the page names are those that the example's test runs. */
function checkRuns(guide: Guide): void {
  for (const pattern of [/run-local\.sh$/, /run-local\.sh --edge haproxy --proxy-protocol$/]) {
    assert.ok(existsSync(join(root, guide.command(pattern).split(' ')[0] ?? '')))
  }
}

function checkPictures(guide: Guide): void {
  assert.match(guide.block('', /L4 edge ══/), /CONNECT ssh\.example\.com:22/)
}
