import { readFileSync } from 'node:fs'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runChild, startChild } from '../child.ts'
import { freePort } from '../../../src/net/free-port.fixture.ts'
import { program } from '../peers.ts'
import { untilListening } from '../ports.ts'
import type { Scope } from '../scope.ts'
import type { ServiceCertificate } from './service-certificate.ts'

/** An xrdp in a world of its own, and what can be seen of it. */
export interface Xrdp {
  readonly port: number
  /** What its session manager has written so far. */
  sessionLog(): Promise<string>
  /** Process ids, in its own world, of the user's programs of this name. */
  processes(name: string): Promise<readonly string[]>
}

export interface XrdpUser {
  readonly name: string
  readonly password: string
  /** The shell script that is the user's desktop: the session lasts as long as it does. */
  readonly desktop: string
}

/**
 * Starts xrdp and its session manager, for one user. Needs root, as sessions do.
 *
 * Both read `/etc/xrdp/sesman.ini` wherever their own file is, and sessions write to `/tmp`, `/run`, the
 * password database and the user's home. So all of it happens in namespaces of mounts, processes
 * and shared memory: the user exists there alone, and with the first process the kernel ends every
 * other and drops every file, however the test ends.
 */
export async function startXrdp(
  scope: Scope,
  certificate: ServiceCertificate,
  user: XrdpUser,
): Promise<Xrdp> {
  const directory = join(scope.directory, 'xrdp')
  const [port, managerPort] = [await freePort(), await freePort()]
  await mkdir(join(directory, 'root'), { recursive: true })
  await mkdir(join(directory, 'log'))
  const files = {
    'xrdp.ini': serverSettings(port),
    'sesman.ini': managerSettings(managerPort),
    'startwm.sh': `#!/bin/sh\n${user.desktop}\n`,
    'cert.pem': certificate.cert,
    'key.pem': await readFile(certificate.keyFile, 'utf8'),
    password: `${user.name}:${user.password}\n`,
    'world.sh': world,
  }
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(directory, name), text, { mode: 0o600 })
  }
  await chmod(join(directory, 'startwm.sh'), 0o755)

  for (const name of ['xrdp.log', 'sesman.log']) {
    await writeFile(join(directory, 'log', name), '')
    scope.witness(name, () => readFileSync(join(directory, 'log', name), 'utf8'))
  }
  const flags = ['--mount', '--pid', '--ipc', '--fork', '--kill-child', '--mount-proc']
  const args = [
    ...flags,
    '/bin/sh',
    join(directory, 'world.sh'),
    directory,
    user.name,
    hex(managerPort),
  ]
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }
  // It holds SIGTERM back; its own end is what ends the others.
  const child = startChild(scope, program('unshare'), args, { env, endSignal: 'SIGKILL' })
  await untilListening(port, child)

  const namespaces = [
    `--mount=/proc/${child.pid}/ns/mnt`,
    `--pid=/proc/${child.pid}/ns/pid_for_children`,
  ]
  return {
    port,
    sessionLog: () => readFile(join(directory, 'log', 'sesman.log'), 'utf8'),
    async processes(name) {
      const pgrep = ['pgrep', '--uid', user.name, '--exact', name]
      const { output } = await runChild(scope, program('nsenter'), [...namespaces, ...pgrep], {
        env,
      })
      return output.split('\n').filter(Boolean)
    },
  }
}

/** As `/proc/net/tcp` has ports. */
function hex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0')
}

/**
 * Runs as the first process of its namespaces, with the directory, the user's name and the manager's
 * port. The manager listens on the loopback address of IPv6 where there is one.
 */
const world = `set -eu
directory=$1 user=$2 port=$3
mount --make-rprivate /
mount -t tmpfs -o mode=0755 postern-xrdp "$directory/root"
mount --bind "$directory" /mnt
cd "$directory/root"
mkdir etc home run tmp
chmod 1777 tmp
cp -a /etc/. etc/
cp /mnt/xrdp.ini /mnt/sesman.ini /mnt/startwm.sh etc/xrdp/
mkdir -p run/xrdp/sockdir
chmod 1777 run/xrdp/sockdir
for name in etc home run tmp; do mount --bind "$name" "/$name"; done
cd /
useradd --create-home --shell /bin/sh "$user"
chpasswd </mnt/password
xrdp-sesman --nodaemon --config /etc/xrdp/sesman.ini &
until grep -q ":$port .* 0A " /proc/net/tcp /proc/net/tcp6 2>/dev/null; do sleep 0.1; done
exec xrdp --nodaemon --config /etc/xrdp/xrdp.ini
`

function serverSettings(port: number): string {
  return `[Globals]
ini_version=1
fork=true
port=tcp://127.0.0.1:${port}
security_layer=tls
ssl_protocols=TLSv1.2, TLSv1.3
certificate=/mnt/cert.pem
key_file=/mnt/key.pem
autorun=Xorg
allow_channels=true
max_bpp=32

[Logging]
LogFile=/mnt/log/xrdp.log
LogLevel=INFO
EnableSyslog=false

[Xorg]
name=Xorg
lib=libxup.so
username=ask
password=ask
ip=127.0.0.1
port=-1
code=20
`
}

/** The X server listens on a path alone: Linux' abstract sockets belong to the network namespace, which is shared. */
function managerSettings(port: number): string {
  return `[Globals]
ListenAddress=127.0.0.1
ListenPort=${port}
EnableUserWindowManager=false
DefaultWindowManager=startwm.sh
ReconnectScript=reconnectwm.sh

[Security]
AllowRootLogin=false
MaxLoginRetry=4
AlwaysGroupCheck=false

[Sessions]
X11DisplayOffset=10
MaxSessions=2
Policy=Default

[Logging]
LogFile=/mnt/log/sesman.log
LogLevel=INFO
EnableSyslog=false

[Xorg]
param=/usr/lib/xorg/Xorg
param=-config
param=xrdp/xorg.conf
param=-noreset
param=-nolisten
param=tcp
param=-nolisten
param=local
param=-logfile
param=.xorgxrdp.%s.log

[Chansrv]
EnableFuseMount=false
`
}
