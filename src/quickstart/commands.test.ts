import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { runProgramSync } from '../program.fixture.ts'
import { formatKnownHosts, recipesFor } from './commands.ts'
import type { CommandContext } from './commands.ts'
import { sampleRoutes } from './routes.ts'
import type { SampleRoute } from './routes.ts'
import { commandLine } from '../shell.ts'

const context: CommandContext = {
  program: ['/tmp/postern-x/postern'],
  gatewayUrl: 'https://localhost:8443',
  caFile: '/tmp/postern-x/ca.pem',
  knownHostsFile: '/tmp/postern-x/known_hosts',
  localPort: 2222,
}
const postern = '/tmp/postern-x/postern tcp'
const gateway = '--gateway https://localhost:8443 --ca-file /tmp/postern-x/ca.pem'

function linesFor(kind: SampleRoute['kind'], change: Partial<CommandContext> = {}): string[] {
  const own = [{ host: '10.0.0.5', port: 6379 }]
  const routes = sampleRoutes({ echo: 1, ssh: 2, postgres: 3 }, own)
  const route = routes.find((it) => it.kind === kind)
  assert.ok(route)
  return recipesFor(route, { ...context, ...change }).flatMap(({ lines }) => lines)
}

test('SSH is one line with a ProxyCommand, or a local port and a second line', () => {
  const known = '-o UserKnownHostsFile=/tmp/postern-x/known_hosts'
  assert.deepEqual(linesFor('ssh'), [
    `ssh -o 'ProxyCommand=${postern} ${gateway} --listen - %h:%p' ${known} demo@ssh.example.localhost`,
    `${postern} ${gateway} --listen 127.0.0.1:2222 ssh.example.localhost:22`,
    `ssh ${known} -p 2222 demo@127.0.0.1`,
  ])
})

test('the echo needs no other program in its one line', () => {
  assert.equal(
    linesFor('echo')[0],
    `echo hello through the gateway | ${postern} ${gateway} --listen - echo.example.localhost:7`,
  )
})

test('PostgreSQL and well-known services of the user get the command people use', () => {
  assert.match(linesFor('postgres')[1] ?? '', /^psql 'postgresql:\/\/demo@127\.0\.0\.1:2222\//)
  assert.deepEqual(linesFor('own'), [
    `${postern} ${gateway} --listen 127.0.0.1:2222 service-6379.example.localhost:6379`,
    'redis-cli -h 127.0.0.1 -p 2222',
  ])
})

test('blanks, quotes and percent signs in a path reach the program through ssh and two shells', () => {
  const program = ["/it's a 100% test/postern"]
  const [line = ''] = linesFor('ssh', { program })
  // A shell reads the line; ssh replaces %% and hands the value to another shell.
  const words = readWords(line)
  const value = (words[2] ?? '').replace('ProxyCommand=', '').replaceAll('%%', '%')
  assert.equal(readWords(value)[0], program[0])
})

test('any word survives a POSIX shell', () => {
  const word = fc.string({ unit: 'binary-ascii' }).filter((text) => !/[\0\r\n]/.test(text))
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 20 }), (words) => {
      assert.deepEqual(readWords(commandLine(...words)), words)
    }),
    { numRuns: 20 },
  )
})

test('known_hosts has the key for every name the commands use', () => {
  assert.equal(
    formatKnownHosts('ssh.example.localhost:22', 2222, 'ssh-ed25519 AAAA'),
    'ssh.example.localhost ssh-ed25519 AAAA\n[127.0.0.1]:2222 ssh-ed25519 AAAA\n',
  )
})

/** The words of a command line, as /bin/sh takes them. */
function readWords(line: string): string[] {
  const { stdout } = runProgramSync('/bin/sh', ['-c', `printf '%s\\n' ${line}`])
  return stdout.split('\n').slice(0, -1)
}
