import { join } from 'node:path'
import { mustRun, startChild } from '../child.ts'
import { program } from '../peers.ts'
import { freePort } from '../../../src/net/free-port.fixture.ts'
import { untilListening } from '../ports.ts'
import type { Scope } from '../scope.ts'
import type { ServiceCertificate } from './service-certificate.ts'
import { serviceDirectory, serviceUser } from './service-user.ts'

export interface MariadbOptions {
  /** Offers TLS, which the `REQUIRE SSL` of a user then asks for. */
  readonly tls?: ServiceCertificate
}

/** Starts a MariaDB with data of its own and a `root` without a password; resolves to its port. */
export async function startMariadb(scope: Scope, { tls }: MariadbOptions = {}): Promise<number> {
  const directory = await serviceDirectory(scope)
  const datadir = `--datadir=${join(directory, 'data')}`
  const options = { ...serviceUser(), cwd: directory, env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' } }
  // Its wrapper script looks for the server beside itself and in sbin.
  const install = ['--no-defaults', datadir, '--auth-root-authentication-method=normal']
  const small = ['--innodb-log-file-size=8M', '--innodb-flush-log-at-trx-commit=0']
  await mustRun(
    scope,
    program('mariadb-install-db'),
    [...install, '--skip-test-db', ...small],
    options,
  )
  // Nothing of this outlives the test, so nothing needs to survive a crash.
  const quick = [
    '--innodb-log-file-size=64M',
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-flush-method=nosync',
    '--innodb-doublewrite=0',
  ]
  const port = await freePort()
  const args = [
    '--no-defaults',
    datadir,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    `--socket=${join(directory, 'sock')}`,
    `--pid-file=${join(directory, 'pid')}`,
    '--skip-name-resolve',
    ...quick,
    ...(tls ? [`--ssl-cert=${tls.certFile}`, `--ssl-key=${tls.keyFile}`] : []),
  ]
  await untilListening(port, startChild(scope, program('mariadbd'), args, options))
  return port
}
