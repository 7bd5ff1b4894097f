import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { runChild, type Result } from './child.ts'
import { peerTest } from './peers.ts'
import { startMariadb } from './peers/mariadb.ts'
import { startSshd } from './peers/openssh.ts'
import { startPostgres } from './peers/postgres.ts'
import { startRedis } from './peers/redis.ts'
import { personAt } from './person.ts'
import { alice, bob, posternCommand, route, startRig } from './rig.ts'
import type { Scope } from './scope.ts'

const db = 'db.example.com:5432'
const shop = 'shop.example.com:3306'
const cache = 'cache.example.com:16379'
const build = 'build.example.com:22'

describe('postern connect', () => {
  peerTest(
    'opens the program of each service, and none for a route that is refused',
    ['PostgreSQL', 'MariaDB', 'Redis', 'OpenSSH'],
    async (scope) => {
      const [postgres, mariadb, redis, sshd] = await Promise.all([
        startPostgres(scope),
        startMariadb(scope),
        startRedis(scope),
        startSshd(scope, 'build.example.com'),
      ])
      const routes = [
        route(db, postgres),
        route(shop, mariadb),
        route(cache, redis),
        route(build, sshd.port),
        route('down.example.com:5432', 1),
        route('theirs.example.com:5432', 1, [bob]),
        route('no.example.com:22', 1, [bob]),
      ]
      const connect = await startConnecting(scope, routes)
      await checkPsql(connect)
      await checkOthers(connect)
      await checkSsh(connect, sshd)
      await checkRefused(connect)
    },
  )
})

type Connect = (...args: string[]) => Promise<Result>

async function startConnecting(
  scope: Scope,
  routes: Parameters<typeof startRig>[1],
): Promise<Connect> {
  const rig = await startRig(scope, routes)
  const { tcpArgs, env, home } = await personAt(scope, rig, alice)
  const gateway = tcpArgs('').slice(1, -1)
  return (...args) =>
    runChild(scope, ...posternCommand('connect', ...gateway, ...args), { env, cwd: home })
}

async function checkPsql(connect: Connect): Promise<void> {
  const as = [db, '--user', 'postgres', '--']
  const answer = await connect(...as, '-XAtc', 'SELECT 6 * 7, inet_server_addr() IS NULL')
  assert.deepEqual([answer.ending, answer.output], [0, '42|f\n'], answer.errors)
  // The route by its name.
  const byName = ['db', ...as.slice(1)]
  const named = await connect(...byName, 'template1', '-XAtc', 'SELECT current_database()')
  assert.equal(named.output, 'template1\n', named.errors)
  const wrong = await connect(...as, '-XAtc', 'SELECT nothing')
  assert.deepEqual([wrong.ending, wrong.output], [1, ''])
  assert.match(wrong.errors, /^ERROR: {2}column "nothing" does not exist/)
}

/** No shell reads the words on the way. */
async function checkOthers(connect: Connect): Promise<void> {
  const account = ['--user', 'root', '--database', 'mysql', '--', '--skip-ssl']
  const asked = await connect(shop, ...account, '-BNe', 'SELECT database()')
  assert.deepEqual([asked.ending, asked.output], [0, 'mysql\n'], asked.errors)
  const redis = [cache, '--tool', 'redis-cli', '--']
  const set = await connect(...redis, 'SET', 'a b', '$(id)\n-h')
  assert.deepEqual([set.ending, set.output], [0, 'OK\n'], set.errors)
  assert.equal((await connect(...redis, 'GET', 'a b')).output, '$(id)\n-h\n')
}

async function checkSsh(
  connect: Connect,
  { user, clientOptions }: Awaited<ReturnType<typeof startSshd>>,
): Promise<void> {
  const there = ['--user', user, '--', ...clientOptions, 'echo $((6 * 7)); exit 7']
  const { ending, output, errors } = await connect(build, ...there)
  assert.deepEqual([ending, output], [7, '42\n'], errors)
}

async function checkRefused(connect: Connect): Promise<void> {
  const cases = { 'theirs.example.com:5432': 4, 'no.example.com:22': 4, 'down.example.com:5432': 6 }
  for (const [authority, code] of Object.entries(cases)) {
    const { ending, errors } = await connect(authority)
    assert.equal(ending, code, errors)
    assert.match(errors, /^postern: error: .*\n(?: {2}.*\n)* {2}hint: /)
    assert.doesNotMatch(errors, /psql|server closed|Connection closed/)
  }
  for (const hostile of ['-oProxyCommand=id:22', '$(id):22', 'a b:22', 'a\nb:22']) {
    const { ending, errors } = await connect('--', hostile)
    assert.equal(ending, 2, errors)
  }
}
