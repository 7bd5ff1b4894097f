// What people's own tools say when their tunnel is cut, on a route with `tell`.
import { describe } from 'node:test'
import { mustRun, startChild, type Child } from './child.ts'
import { peerTest, program } from './peers.ts'
import { startJdbc } from './peers/jdbc.ts'
import { startMariadb } from './peers/mariadb.ts'
import { serviceCertificate, type ServiceCertificate } from './peers/service-certificate.ts'
import type { Scope } from './scope.ts'
import { startThrough, told } from './told-rig.ts'

describe('MySQL on a route with `tell`', () => {
  peerTest('mariadb is told why, in a query and at its prompt', ['MariaDB'], async (scope) => {
    const it = await startThroughMariadb(scope)
    const asking = it.mariadb()
    asking.stdin.write(`${statements}SELECT SLEEP(60);\n`)
    await it.untilAsleep()
    await it.revoke()
    await asking.says(new RegExp(`ERROR 1053 \\(08S01\\) at line \\d+: ${told}; connect again`))

    const resting = it.mariadb()
    resting.stdin.write(`${statements}SELECT 6 * 7;\n`)
    await resting.says(/42/)
    await it.revoke()
    resting.stdin.write('SELECT 6 * 7;\n')
    await resting.says(new RegExp(`ERROR 1053 \\(08S01\\) at line \\d+: ${told}; connect again`))
  })

  peerTest('a JDBC driver is told why', ['MariaDB', 'Java'], async (scope) => {
    const it = await startThroughMariadb(scope)
    const address = `//127.0.0.1:${it.port}/mysql?user=root&useServerPrepStmts=true`
    const jdbc = await startJdbc(scope, it.person, 'mariadb', address)
    jdbc.stdin.write('SELECT Host, User FROM user\nSELECT SLEEP(60)\n')
    await it.untilAsleep()
    await it.revoke()
    await jdbc.says(new RegExp(`failed: 08S01 .*${told}; connect again`))

    const resting = await startJdbc(scope, it.person, 'mariadb', address)
    resting.stdin.write('SELECT Host, User FROM user\n')
    await resting.says(/done/)
    await it.revoke()
    resting.stdin.write('SELECT 6 * 7\n')
    await resting.says(new RegExp(`failed: 08S01 .*${told}; connect again`))
  })

  peerTest('a session with TLS inside is reset', ['MariaDB'], async (scope) => {
    const tls = await serviceCertificate(scope, 'db.example.com')
    const it = await startThroughMariadb(scope, tls)
    const asking = it.mariadb('--ssl', '--skip-ssl-verify-server-cert')
    asking.stdin.write('SELECT 6 * 7;\nSELECT SLEEP(60);\n')
    await it.untilAsleep()
    await it.revoke(undefined)
    await asking.says(/ERROR 20(?:06|13|26) /)
  })
})

/** Replies of all sizes and forms: nothing, rows, columns by the dozen, what is prepared, several results, one beyond a packet. */
const statements = `SET @a = 1;
SELECT * FROM mysql.user;
PREPARE p FROM 'SELECT ? + 1'; EXECUTE p USING @a; DEALLOCATE PREPARE p;
SELECT REPEAT('x', 400);
CHECK TABLE mysql.user;
SHOW PROCESSLIST;
`

async function startThroughMariadb(scope: Scope, tls?: ServiceCertificate) {
  const service = await startMariadb(scope, tls && { tls })
  const it = await startThrough(scope, 'mysql', service)
  const args = ['--no-defaults', '--host=127.0.0.1', '--user=root', '--batch', '--unbuffered']
  const to = (port: number, ...more: string[]): string[] => [...args, `--port=${port}`, ...more]
  const asleep = `SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%'`
  return {
    ...it,
    mariadb: (...more: string[]): Child =>
      startChild(scope, program('mariadb'), to(it.port, ...more), it.person),
    /** Resolves when a statement sleeps at the service. */
    async untilAsleep(): Promise<void> {
      const asked = to(service, `--execute=${asleep}`)
      while (!/1/.test((await mustRun(scope, program('mariadb'), asked)).output));
    },
  }
}
