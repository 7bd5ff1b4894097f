import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'node:test'
import { stringify } from 'yaml'
import { createCertificateAuthority } from '../../src/net/certificate.ts'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { runChild } from './child.ts'
import { maxBulkTestMs, peerTest } from './peers.ts'
import { startBind } from './peers/bind.ts'
import { startPebble } from './peers/pebble.ts'
import { startRsyslog } from './peers/rsyslog.ts'
import { posternCommand } from './rig.ts'
import type { Scope } from './scope.ts'

interface Found {
  readonly what: string
  readonly target: string
  readonly verdict: string
  readonly detail: string
  readonly code?: string
  readonly hint?: string
}

/** What `gateway check --online` finds; `json` is all that it said. */
async function check(
  scope: Scope,
  settings: Readonly<Record<string, unknown>>,
): Promise<{ readonly checks: readonly Found[]; readonly json: string }> {
  const path = join(scope.directory, 'postern.yaml')
  const address = `127.0.0.1:${await freePort()}`
  const file = { address, state_directory: join(scope.directory, 'state'), routes: [], ...settings }
  await writeFile(path, stringify(file), { mode: 0o600 })
  const [node, args] = posternCommand('gateway', 'check', '--online', '--json', path)
  const { output, errors } = await runChild(scope, node, args)
  scope.witness('check', () => output + errors)
  const { online } = JSON.parse(output) as { online: { checks: readonly Found[] } }
  return { checks: online.checks, json: output }
}

/** Settings of a gateway that shows a certificate of its own. */
async function ownCertificate(scope: Scope): Promise<Readonly<Record<string, string>>> {
  const authority = await createCertificateAuthority()
  const { cert, key } = await authority.issue(['auth.example.com', '*.narrow.com'])
  const [certFile, keyFile] = [join(scope.directory, 'tls.crt'), join(scope.directory, 'tls.key')]
  await writeFile(certFile, cert)
  await writeFile(keyFile, key, { mode: 0o600 })
  return { certificate_file: certFile, certificate_key_file: keyFile }
}

describe('what a configuration leads to', () => {
  peerTest(
    'is a DNS server that takes the key, has the zone and lets it be written, and stays as it was',
    ['BIND'],
    async (scope) => {
      const bind = await startBind(scope)
      const { server, key } = bind.settings
      const secret = Buffer.from(key.secret).toString('base64')
      const wrong = Buffer.alloc(32, 6).toString('base64')
      const site = (name: string, more: Readonly<Record<string, unknown>> = {}) => ({
        name,
        publish: [{ allow: { or: [{ domain: { is: 'example.com' } }] } }],
        dns: {
          provider: 'rfc2136',
          server: `${server.host}:${server.port}`,
          key_name: 'postern-key',
          key_secret: secret,
          ...more,
        },
      })
      const settings = {
        authenticate_service_url: 'https://auth.example.com',
        idp_provider_url: 'http://127.0.0.1:1',
        idp_client_id: 'postern',
        idp_client_secret: 'a secret of nobody',
        autocert: true,
        autocert_ca: `https://127.0.0.1:${await freePort()}/`,
        sites: [
          site('site.com'),
          site('narrow.com'),
          site('locked.com'),
          site('no.com'),
          site('a.site.com', { zone: 'site.com', key_name: 'other' }),
          site('b.site.com', { zone: 'site.com', key_secret: wrong }),
        ],
      }
      const before = await bind.lookUp('site.com', 'SOA')
      const { checks, json } = await check(scope, settings)
      const tried = checks.filter(({ what }) => what === 'dns')
      assert.deepEqual(
        tried.map(({ verdict, code }) => [verdict, code]),
        [
          ['ok', undefined],
          ['failed', 'dns-refused'],
          ['failed', 'dns-refused'],
          ['failed', 'dns-not-its-zone'],
          ['failed', 'dns-wrong-key'],
          ['failed', 'dns-wrong-key'],
        ],
      )
      assert.equal(
        tried[0]?.detail,
        'takes the key "postern-key" for the zone "site.com", and lets it write "_acme-challenge.site.com"',
      )
      assert.match(tried[1]?.detail ?? '', /refuses the update of "narrow\.com"/)
      assert.match(tried[1]?.hint ?? '', /let the key "postern-key" write there/)
      assert.deepEqual(await bind.lookUp('site.com', 'SOA'), before)
      assert.ok(!json.includes(secret) && !json.includes(wrong))
      // Where nothing is fetched, nobody has to write a proof.
      const { autocert: _, autocert_ca: __, ...others } = settings
      const given = { ...others, ...(await ownCertificate(scope)) }
      const plain = (await check(scope, given)).checks.filter(({ what }) => what === 'dns')
      assert.equal(plain[1]?.detail, 'takes the key "postern-key" for the zone "narrow.com"')
    },
  )

  peerTest(
    'is an ACME server, which may want to know its customers',
    ['Pebble'],
    async (scope) => {
      const ports = { tlsPort: await freePort(), httpPort: await freePort() }
      const secret = Buffer.alloc(32, 9).toString('base64url')
      const pebble = await startPebble(scope, { ...ports, externalAccounts: { 'kid-1': secret } })
      const settings = {
        autocert: true,
        autocert_ca: pebble.directoryUrl,
        autocert_trusted_ca_file: pebble.caFile,
      }
      const of = async (more: Readonly<Record<string, unknown>>) => {
        const { checks, json } = await check(scope, { ...settings, ...more })
        assert.ok(!json.includes(secret))
        return checks.find(({ what }) => what === 'authority')
      }
      assert.equal((await of({}))?.verdict, 'warning')
      const account = { autocert_eab_key_id: 'kid-1', autocert_eab_mac_key: secret }
      assert.equal((await of(account))?.verdict, 'ok')
      const strange = await of({ autocert_trusted_ca_file: undefined })
      assert.deepEqual([strange?.verdict, strange?.code], ['failed', 'authority-unreachable'])
    },
    maxBulkTestMs,
  )

  peerTest('is a syslog receiver, which gets no message', ['rsyslog'], async (scope) => {
    const ours = await createCertificateAuthority({ name: 'ours' })
    const theirs = await createCertificateAuthority({ name: 'theirs' })
    const port = await freePort()
    const pair = await ours.issue(['localhost'])
    const receiver = { port, ca: ours.cert, ...pair, permitted: 'gateway' }
    const rsyslog = await startRsyslog(scope, receiver)
    const entry = async (name: string, issuer: typeof ours) => {
      const us = await issuer.issueClient({ name: 'gateway', dns: ['gateway'] })
      const file = (part: string): string => join(scope.directory, `${name}.${part}`)
      for (const [part, pem] of Object.entries({ ca: ours.cert, cert: us.cert, key: us.key }))
        await writeFile(file(part), pem, { mode: 0o600 })
      return {
        name,
        syslog: {
          address: `localhost:${port}`,
          ca_file: file('ca'),
          certificate_file: file('cert'),
          certificate_key_file: file('key'),
        },
      }
    }
    const entries = [await entry('known', ours), await entry('stranger', theirs)]
    const settings = { ...(await ownCertificate(scope)), audit_forward: entries }
    const { checks } = await check(scope, settings)
    const tried = checks.filter(({ what }) => what === 'destination')
    assert.deepEqual(
      tried.map(({ verdict, code }) => [verdict, code]),
      [
        ['ok', undefined],
        ['failed', 'destination-not-trusted'],
      ],
    )
    await rsyslog.stop()
    assert.deepEqual(await rsyslog.messages(), [])
  })
})
