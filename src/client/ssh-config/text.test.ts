import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { codePoint } from '../../code-point.fixture.ts'
import { parseGatewayUrl } from '../../reach/destination.ts'
import { decodeRoutes } from '../routes/routes-answer.ts'
import { hostsOf } from './domains.ts'
import { chooseEntries } from './entries.ts'
import { formatSshConfig, type SshConfigOptions } from './text.ts'

const gateway = parseGatewayUrl('https://gate.example.com:8443')

interface Asked extends Partial<Omit<SshConfigOptions, 'entries'>> {
  readonly isEveryPort?: boolean
  readonly domains?: readonly string[]
}

/** What is written for routes as a gateway sends them. */
function write(
  sent: readonly unknown[],
  { isEveryPort = false, domains = [], ...more }: Asked = {},
) {
  const { routes } = decodeRoutes(JSON.stringify({ routes: sent }))
  const isOfGateway = hostsOf(gateway.host, domains)
  const { entries, leftOut } = chooseEntries(routes, { gateway, isEveryPort, isOfGateway })
  const defaults = { withNames: true, user: undefined, tcpOptions: [], credentialOptions: [] }
  const program = ['postern']
  const all = { program, gateway, entries, otherOptions: [], ...defaults, ...more }
  const written = formatSshConfig(all)
  return { ...written, leftOut }
}

function linesOf(sent: readonly unknown[], more: Asked = {}): string[] {
  return write(sent, more)
    .text.split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
}

function route(from: string, name = '', description = ''): Record<string, unknown> {
  return { type: 'tcp', from: `tcp+https://${from}`, name, description }
}

const proxy = '    ProxyCommand postern tcp --gateway https://gate.example.com:8443'

describe('the configuration for OpenSSH', () => {
  test('has a block for each SSH route, by its name and by its host', () => {
    const { text, hosts } = write([route('build.example.com:22', 'build', 'Build machines')])
    assert.equal(hosts, 1)
    assert.ok(
      text.endsWith(`
# Build machines
Host build build.example.com build.example.com.
    HostName build.example.com
    Port 22
    HostKeyAlias build.example.com
${proxy} --listen - %h:%p
`),
      text,
    )
  })

  test('says how it is included', () => {
    assert.match(write([]).text, /^#     Include postern-gate\.example\.com$/m)
  })

  test('says how it is made again, with the options that it was made with', () => {
    const { text } = write([], {
      otherOptions: ['--all', '--domain', 'lab.example.net'],
      user: 'ada',
      tcpOptions: ['--ca-file', "/tmp/it's 5%.pem"],
      credentialOptions: ['--service-account-file', '/etc/ci.token'],
    })
    const options = `--all --domain lab.example.net --user ada --ca-file '/tmp/it'\\''s 5%.pem' --service-account-file /etc/ci.token`
    const command = `postern ssh-config https://gate.example.com:8443 ${options}`
    assert.ok(text.includes(`\n#     ${command} > ~/.ssh/postern-gate.example.com\n`), text)
  })

  test('leaves out other ports unless they are asked for, and keeps host keys apart then', () => {
    const sent = [route('a.example.com:2222', 'second'), route('a.example.com:22', 'first')]
    assert.deepEqual(
      linesOf(sent).filter((line) => line.startsWith('Host ')),
      ['Host first a.example.com a.example.com.'],
    )
    const all = linesOf(sent, { isEveryPort: true })
    assert.deepEqual(
      all.filter((line) => /^Host |HostKeyAlias/.test(line)),
      [
        'Host first a.example.com a.example.com.',
        '    HostKeyAlias a.example.com',
        'Host second',
        '    HostKeyAlias [a.example.com]:2222',
      ],
    )
  })

  test('a pattern is never written, and is named', () => {
    const sent = [
      route('*:22'),
      route('db*:22'),
      route('*.example.com:22'),
      route('a.example.com:22'),
    ]
    const { hosts, text, leftOut } = write(sent)
    assert.deepEqual([hosts, leftOut.patterns], [1, ['*', 'db*', '*.example.com']])
    assert.doesNotMatch(text, /^Host .*[*?!]/m)
  })

  test('a host that is not of this gateway is left out and named, unless its domain is given', () => {
    const sent = [route('github.com:22'), route('a.example.net:22'), route('10.0.0.5:22')]
    assert.deepEqual(write(sent).leftOut.outside, ['github.com', 'a.example.net', '10.0.0.5'])
    const { leftOut, hosts } = write(sent, { domains: ['example.net', '10.0.0.5'] })
    assert.deepEqual([hosts, leftOut.outside], [2, ['github.com']])
  })

  test('another gateway that a route names has to be of this one, or given', () => {
    const sent = [route('evil.test/a.example.com:22'), route('gw.example.com/b.example.com:22')]
    const { leftOut, hosts } = write(sent)
    assert.deepEqual([hosts, leftOut.otherGateways], [1, ['a.example.com']])
    assert.equal(write(sent, { domains: ['evil.test'] }).hosts, 2)
  })

  test('names are written when they are asked for, and told otherwise', () => {
    const sent = [route('a.example.com:22', 'bastion'), route('b.example.com:22', 'localhost')]
    const { text, names } = write(sent, { withNames: false })
    assert.deepEqual(text.match(/^Host .*/gm), [
      'Host a.example.com a.example.com.',
      'Host b.example.com b.example.com.',
    ])
    assert.deepEqual(names, ['bastion'])
    assert.deepEqual(write(sent).text.match(/^Host .*/gm), [
      'Host bastion a.example.com a.example.com.',
      'Host b.example.com b.example.com.',
    ])
  })

  test('the extended form names its gateway, and IPv6 has its brackets', () => {
    const sent = [route('other.example.com/a.internal:22'), route('[fd00::1]:22')]
    const lines = linesOf(sent, { domains: ['a.internal', 'fd00::1'] })
    assert.ok(
      lines.includes(
        '    ProxyCommand postern tcp --gateway https://other.example.com --listen - %h:%p',
      ),
    )
    assert.ok(lines.includes(`${proxy} --listen - [%h]:%p`))
    assert.ok(lines.includes('    HostName fd00::1'))
  })

  test('the way to a credential is written for the gateway that was asked, and for no other', () => {
    const sent = [route('a.example.com:22'), route('other.example.com/b.example.com:22')]
    const more = {
      tcpOptions: ['--ca-file', '/ca'],
      credentialOptions: ['--service-account-file', '/t'],
    }
    const proxies = linesOf(sent, more).filter((line) => line.includes('ProxyCommand'))
    assert.deepEqual(proxies, [
      `${proxy} --ca-file /ca --service-account-file /t --listen - %h:%p`,
      '    ProxyCommand postern tcp --gateway https://other.example.com --ca-file /ca --listen - %h:%p',
    ])
  })

  test('a path is plain for every shell, and its percent signs are doubled for OpenSSH', () => {
    const tcpOptions = ['--ca-file', "/home/ada's/100% sure.pem"]
    assert.equal(
      linesOf([route('a.example.com:22')], { tcpOptions, user: 'ada' })[4],
      '    User ada',
    )
    const last = linesOf([route('a.example.com:22')], { tcpOptions }).at(-1)
    assert.equal(
      last,
      `${proxy} --ca-file file:///home/ada%%27s/100%%25%%20sure.pem --listen - %h:%p`,
    )
  })

  test('a name that could be somebody else is no Host, and no host stands in two blocks', () => {
    const sent = [
      route('evil.example.com:22', 'github.com'),
      route('a.example.com:22', 'db'),
      route('b.example.com:22', 'DB'),
      route('a.example.com:22', 'again'),
      route('c.example.com:22', '*'),
      route('d.example.com:22', '!evil'),
      route('e.example.com:22', 'two words'),
    ]
    assert.deepEqual(
      linesOf(sent).filter((line) => line.startsWith('Host ')),
      [
        'Host evil.example.com evil.example.com.',
        'Host db a.example.com a.example.com.',
        'Host b.example.com b.example.com.',
        'Host again',
        'Host c.example.com c.example.com.',
        'Host d.example.com d.example.com.',
        'Host e.example.com e.example.com.',
      ],
    )
  })

  test('nothing a gateway sends becomes a line of another kind', () => {
    const nasty = fc.oneof(
      fc.string({ unit: codePoint }),
      fc.constantFrom('x\nProxyCommand evil', 'x\r\nHost *', 'x\u2028Match all', '%h`id`', '"'),
    )
    const from = fc.oneof(
      nasty,
      nasty.map((text) => `tcp+https://${text}`),
      nasty.map((text) => `tcp+https://a.b:22/${text}:22`),
      fc.domain().map((host) => `tcp+https://${host}:22`),
      fc.domain().map((host) => `tcp+https://${host}.example.com:22`),
    )
    const record = fc.record({ type: fc.constant('tcp'), from, name: nasty, description: nasty })
    const allowed = new RegExp(
      [
        '^$',
        '^#(?: [^\\p{Cc}\\u2028\\u2029]*)?$',
        '^Host(?: [a-z0-9_-]{1,63})? ((?:[a-z0-9_-]+\\.)*example\\.com) \\1\\.$',
        '^ {4}(?:HostName|HostKeyAlias) [a-z0-9_.:[\\]-]+$',
        '^ {4}Port \\d+$',
        '^ {4}ProxyCommand postern tcp --gateway https://[a-z0-9_.:-]+ --listen - (?:%h|\\[%h\\]):%p$',
      ].join('|'),
      'iu',
    )
    fc.assert(
      fc.property(fc.array(record, { maxLength: 4 }), (sent) => {
        for (const line of write(sent, { isEveryPort: true }).text.split('\n'))
          assert.match(line, allowed)
      }),
      { numRuns: 1_000 },
    )
  })
})
