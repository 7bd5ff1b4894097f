import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startFakeGateway } from '../../src/reach/fake-gateway.fixture.ts'
import { needsSources } from '../postern-program.ts'
import { createSandbox, runPostern, startPostern } from './program.ts'

const root = join(import.meta.dirname, '..', '..')

/** `ssh` starts `postern tcp` for each connection, so what joins this list costs every connection. */
const tcpModules = [
  'commander',
  'src/address.ts',
  'src/cli/asking/ask-options.ts',
  'src/cli/asking/destination-of.ts',
  'src/cli/asking/file-option.ts',
  'src/cli/asking/gateway-of.ts',
  'src/cli/asking/trust.ts',
  'src/cli/asking/tunnel-options.ts',
  'src/cli/command-list.ts',
  'src/cli/commands/tcp-run.ts',
  'src/cli/commands/tcp.ts',
  'src/cli/credentials/given.ts',
  'src/cli/credentials/id-and-secret.ts',
  'src/cli/main.ts',
  'src/cli/process/environment.ts',
  'src/cli/process/exit-codes.ts',
  'src/cli/process/signals.ts',
  'src/cli/run.ts',
  'src/cli/serving/client-for.ts',
  'src/cli/serving/exposure.ts',
  'src/cli/serving/serve.ts',
  'src/cli/speech/connection-words.ts',
  'src/cli/speech/count-failures.ts',
  'src/cli/speech/voice.ts',
  'src/client/gateway-client.ts',
  'src/client/gateways/choose-destination.ts',
  'src/client/gateways/choose-gateway.ts',
  'src/client/gateways/gateways-file.ts',
  'src/client/gateways/known-gateway.ts',
  'src/client/renewing-client.ts',
  'src/client/serve/connection.ts',
  'src/client/serve/forward.ts',
  'src/client/serve/listen-address.ts',
  'src/client/serve/listener.ts',
  'src/client/serve/orphan.ts',
  'src/client/serve/stdio.ts',
  'src/client/serve/unix-socket.ts',
  'src/client/sign-in/begun-sign-in.ts',
  'src/client/sign-in/credentials-of.ts',
  'src/client/sign-in/credentials.ts',
  'src/client/sign-in/person.ts',
  'src/client/sign-in/sparing-tabs.ts',
  'src/client/sign-in/token-cache.ts',
  'src/client/ways/aftermath.ts',
  'src/client/ways/connect.ts',
  'src/client/ways/ended.ts',
  'src/client/ways/http2-probe.ts',
  'src/client/ways/http2-session.ts',
  'src/client/ways/http2.ts',
  'src/client/ways/outcome.ts',
  'src/client/ways/transport.ts',
  'src/client/ways/way.ts',
  'src/clock.ts',
  'src/errors.ts',
  'src/home-directory.ts',
  'src/in-pieces.ts',
  'src/is-bun.ts',
  'src/level-words.ts',
  'src/line-output.ts',
  'src/net/abandon.ts',
  'src/net/beneath.ts',
  'src/net/certificate-strength.ts',
  'src/net/dial.ts',
  'src/net/direction.ts',
  'src/net/http2-peer-end.ts',
  'src/net/http2-ping.ts',
  'src/net/http2-reset.ts',
  'src/net/look-at-start.ts',
  'src/net/lost-host.ts',
  'src/net/lost-stream.ts',
  'src/net/proc-tcp.ts',
  'src/net/race.ts',
  'src/net/relay.ts',
  'src/net/runtime-http2.ts',
  'src/net/runtime-tls.ts',
  'src/net/runtime.ts',
  'src/net/target.ts',
  'src/net/unread.ts',
  'src/reach/destination.ts',
  'src/reach/dialer.ts',
  'src/reach/http-answer.ts',
  'src/reach/kept-file.ts',
  'src/reach/refused.ts',
  'src/reach/replace-file.ts',
  'src/reach/second-try.ts',
  'src/reach/small-file.ts',
  'src/reach/tls-error.ts',
  'src/reach/tls-handshake.ts',
  'src/reach/trust.ts',
  'src/standard-output.ts',
  'src/standard-streams.ts',
  'src/terminal-text.ts',
  'src/tunnel/headers.ts',
  'src/tunnel/paths.ts',
  'src/tunnel/refusal.ts',
  'src/tunnel/sign-in.ts',
  'src/version.ts',
]

describe('a start loads no more than it needs', { skip: needsSources }, () => {
  test('postern --version loads two files', async () => {
    assert.deepEqual(await modulesOf(['--version'], 'postern 0.1.0\n'), [
      'src/cli/main.ts',
      'src/version.ts',
    ])
  })

  test('postern tcp loads the listed modules for a tunnel that needs no sign-in', async () => {
    await using gateway = await startFakeGateway({ isPublic: true })
    await using sandbox = await createSandbox()
    const caFile = join(sandbox.path, 'ca.pem')
    await writeFile(caFile, gateway.ca)
    const args = ['tcp', '--listen', '-', '--gateway', gateway.origin, '--ca-file', caFile, 'a:1']
    assert.deepEqual(await modulesOf(args, 'hello'), tcpModules)
  })
})

test('an old Node.js is one sentence, whatever the command', { skip: needsSources }, async () => {
  const pretend =
    'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } })'
  const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`]
  const { code, stdout, stderr } = await runPostern(['gateway', 'check'], { nodeArgs })
  assert.deepEqual({ code, stdout }, { code: 8, stdout: '' })
  assert.match(stderr, /^postern: error: this is Node\.js 20\.20\.2, .* 24 or newer\n {2}hint: /)
})

/** Files of ours, and packages by their name; each once, sorted. */
async function modulesOf(args: readonly string[], expectedOutput: string): Promise<string[]> {
  await using sandbox = await createSandbox()
  const list = join(sandbox.path, 'modules')
  const recorder = join(import.meta.dirname, 'record-modules.ts')
  const { child, ended } = startPostern(args, {
    env: { ...sandbox.env, POSTERN_TEST_MODULES: list },
    nodeArgs: ['--import', recorder],
  })
  child.stdin?.end('hello')
  const { code, stdout, stderr } = await ended
  assert.deepEqual({ code, stdout }, { code: 0, stdout: expectedOutput }, stderr)
  const paths = (await readFile(list, 'utf8')).split('\n').map((url) => fileURLToPath(url))
  return [...new Set(paths.map(nameOf))].sort()
}

function nameOf(path: string): string {
  const name = relative(root, path).replaceAll('\\', '/')
  // The folder may be a link to one that stands elsewhere.
  return /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(name)?.[1] ?? name
}
