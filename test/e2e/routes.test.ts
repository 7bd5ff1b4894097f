import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'node:test'
import { pathToFileURL } from 'node:url'
import { startFakeGateway } from '../../src/reach/fake-gateway.fixture.ts'
import { mustRun, runChild } from './child.ts'
import { startSshd } from './peers/openssh.ts'
import { peerTest, program } from './peers.ts'
import { personAt, type Person } from './person.ts'
import { alice, bob, posternCommand, route, startRig, type RouteEntry } from './rig.ts'
import type { Scope } from './scope.ts'

const host = 'ssh.example.com'

describe('the routes from the command line', () => {
  peerTest('somebody lists what they may use, after one sign-in', [], async (scope) => {
    const { rig, person, postern } = await start(scope, [
      { ...route('db.example.com:5432', 1), description: 'Orders' },
      { ...route('payroll.example.com:3306', 1, [bob]), listed: true, contact: 'dba@example.com' },
      route('secret.example.com:7', 1, [bob]),
      route('*.lab.example.com', 1),
    ])
    const first = await postern('routes', 'list', rig.origin)
    assert.equal(first.ending, 0, first.errors)
    assert.equal(
      first.output,
      `NAME  DESTINATION          DESCRIPTION
db    db.example.com:5432  Orders
*     *.lab.example.com

NOT OPEN TO YOU  ASK              WHY
payroll          dba@example.com  your email address is not among those this route names
`,
    )
    assert.match(first.errors, /^sign in at:\n/)
    assert.match(first.errors, /connect with: postern connect --gateway https:\S+ NAME\n$/)
    assert.equal((await person.browserStarts()).length, 1)

    // The gateway is the default one from now on, and the sign-in is that of every other command.
    const login = await postern('login', rig.origin)
    assert.match(login.errors, /^already signed in .*\n.*\nremembered as "localhost": /)
    const second = await postern('routes', 'list', '--json')
    assert.deepEqual([second.ending, second.errors], [0, ''])
    const { gateway, routes, listed_routes: listed, ...rest } = JSON.parse(second.output)
    assert.equal(gateway, rig.origin)
    assert.ok(Date.parse(rest.session_expires_at) > Date.now())
    assert.deepEqual(
      routes.map(({ destination, connect_command: command }: Record<string, unknown>) => [
        destination,
        command,
      ]),
      [
        ['db.example.com:5432', `postern tcp --gateway ${rig.origin} db.example.com:5432`],
        ['*.lab.example.com', undefined],
      ],
    )
    assert.deepEqual(listed[0].reasons, ['email-unauthorized'])
    assert.equal(rig.idp.signInCount, 1)
  })

  peerTest('a gateway where nobody can sign in lists what is public', [], async (scope) => {
    const { from, to, name } = route('echo.example.com:7', 1)
    const open = { from, to, name, allow_public_unauthenticated_access: true }
    const withoutProvider = {
      authenticate_service_url: undefined,
      idp_provider: undefined,
      idp_provider_url: undefined,
      idp_client_id: undefined,
      idp_client_secret: undefined,
      idp_scopes: undefined,
    }
    const { rig, postern } = await start(scope, [open], withoutProvider)
    const { output, ending } = await postern('routes', 'list', rig.origin)
    assert.deepEqual([ending, output.split('\n')[1]], [0, 'echo  echo.example.com:7'])
    const login = await postern('login', rig.origin)
    assert.equal(login.ending, 3)
    assert.match(login.errors, /error: nobody can sign in at ".*"\n {2}hint: .*public routes/)
  })
})

describe('postern ssh-config with OpenSSH', () => {
  peerTest(
    'ssh goes through the gateway by the printed lines alone',
    ['OpenSSH'],
    async (scope) => {
      const sshd = await startSshd(scope, host)
      const { rig, person, postern } = await start(scope, [
        { ...route(`${host}:22`, sshd.port), name: 'build', description: 'Build\tmachines' },
        { ...route('x.lab.example.com:22', sshd.port), name: 'lab' },
        { ...route('*.lab.example.com:22', sshd.port), name: 'labs' },
        route('db.example.com:5432', 1),
      ])
      const names = ['--names', '--domain', 'example.com']
      const printed = await postern('ssh-config', rig.origin, '--user', sshd.user, ...names)
      assert.equal(printed.ending, 0, printed.errors)
      assert.match(printed.errors, /left out "\*\.lab\.example\.com": a pattern/)
      const file = join(person.home, 'postern.conf')
      await writeFile(file, printed.output)

      const parsed = await mustRun(scope, program('ssh'), ['-G', '-F', file, 'build'], person)
      assert.match(parsed.output, /^hostname ssh\.example\.com$/m)
      assert.match(parsed.output, /^port 22$/m)
      assert.match(parsed.output, /^hostkeyalias ssh\.example\.com$/m)
      assert.match(parsed.output, new RegExp(`^user ${sshd.user}$`, 'm'))
      assert.match(parsed.output, /^proxycommand \/.* tcp --gateway .* --listen - %h:%p$/m)
      const other = await mustRun(
        scope,
        program('ssh'),
        ['-G', '-F', file, 'db.example.com'],
        person,
      )
      assert.doesNotMatch(other.output, /^proxycommand /m)

      // Its key, and whom to trust; everything else is in the file.
      const isAlias = (word = ''): boolean => word.startsWith('HostKeyAlias=')
      const options = sshd.clientOptions.slice(2)
      const keys = options.filter((word, index) => !isAlias(word) && !isAlias(options[index + 1]))
      for (const name of ['build', host]) {
        const { output } = await mustRun(
          scope,
          program('ssh'),
          ['-F', file, ...keys, name, 'echo through'],
          person,
        )
        assert.equal(output, 'through\n')
      }
      const lab = await mustRun(
        scope,
        program('ssh'),
        ['-F', file, ...options, 'x.lab.example.com', 'echo lab'],
        person,
      )
      assert.equal(lab.output, 'lab\n')
      assert.equal(rig.idp.signInCount, 1)
    },
  )
})

describe('a gateway that means harm', () => {
  peerTest('gets nothing but hosts of its own into the file', ['OpenSSH'], async (scope) => {
    const evil = 'x\n  ProxyCommand touch /tmp/evil\nHost *\n  ProxyCommand touch /tmp/evil'
    const from = (text: string) => ({ type: 'tcp', name: evil, from: text, description: evil })
    await using gateway = await startFakeGateway({
      isPublic: true,
      routes: [
        from('tcp+https://ssh.localhost:22'),
        from('tcp+https://github.com:22'),
        from('tcp+https://*.com:22'),
        { ...from('tcp+https://db.localhost:22'), name: 'bastion' },
        from(`tcp+https://a.example.com:22\n${evil}`),
        from('tcp+https://$(touch evil).example.com:22'),
        from('tcp+https://-oProxyCommand=evil:22'),
        from('tcp+https://*:22'),
        { ...from('tcp+https://elsewhere.example.com:22'), name: 'github.com' },
      ],
    })
    const person = await personAt(scope, { origin: gateway.origin, caFile: '' }, alice)
    const { ca, origin } = gateway
    const caFile = join(person.home, 'ca.pem')
    await writeFile(caFile, ca)
    const command = posternCommand('ssh-config', origin, '--all', '--ca-file', caFile)
    const printed = await mustRun(scope, ...command, { env: person.env, cwd: person.home })
    const file = join(person.home, 'postern.conf')
    await writeFile(file, printed.output)
    const proxyOf = async (name: string): Promise<string | undefined> => {
      const { output } = await mustRun(scope, program('ssh'), ['-G', '-F', file, name], person)
      return /^proxycommand (.*)$/m.exec(output)?.[1]
    }
    const own = await proxyOf('ssh.localhost')
    const url = pathToFileURL(caFile).href.replaceAll('%', '%%')
    const words = posternCommand().flat().join(' ')
    assert.equal(own, `${words} tcp --gateway ${origin} --ca-file ${url} --listen - %h:%p`)
    for (const other of ['github.com', 'a.com', 'elsewhere.example.com', 'bastion', 'x']) {
      assert.equal(await proxyOf(other), undefined, other)
    }
    assert.match(printed.errors, /left out "github\.com".*: not a host of "localhost"/)
    assert.match(printed.errors, /left out "\*\.com", "\*": a pattern/)
    assert.match(printed.errors, /left out "bastion": .*\n {2}hint: "--names"/)
  })
})

interface Started {
  readonly rig: Awaited<ReturnType<typeof startRig>>
  readonly person: Person
  /** Runs a command of `postern` as this person, with their browser. */
  postern(...args: string[]): ReturnType<typeof runChild>
}

async function start(
  scope: Scope,
  routes: readonly RouteEntry[],
  settings: Readonly<Record<string, unknown>> = {},
): Promise<Started> {
  const rig = await startRig(scope, routes, settings)
  const person = await personAt(scope, rig, alice)
  const tcp = person.tcpArgs('')
  const options = [
    ...tcp.slice(tcp.indexOf('--ca-file'), tcp.indexOf('--ca-file') + 2),
    ...tcp.slice(tcp.indexOf('--browser-cmd'), tcp.indexOf('--browser-cmd') + 2),
  ]
  return {
    rig,
    person,
    postern: (...args) =>
      runChild(scope, ...posternCommand(...args, ...options), {
        env: person.env,
        cwd: person.home,
      }),
  }
}
