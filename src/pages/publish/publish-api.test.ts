import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { describe, test } from 'node:test'
import { alice, bob } from '../../gateway/device.fixture.ts'
import { testCa } from '../../gateway/gateway.fixture.ts'
import { bearerOf } from '../../tunnel/publish-credential.ts'
import { publishAnswers, publishPaths } from '../../tunnel/publish.ts'
import { startPublishRig } from './publish.fixture.ts'

describe('a publisher', () => {
  test('makes a tunnel, leads a name to it, and deletes both', async (t) => {
    const rig = await startPublishRig(t)
    const publisher = await rig.publisher(alice, 'site.com')
    const made = await publisher.post(publishPaths.tunnels, { name: 'web' })
    const { id, secret } = publishAnswers.create.parse(made.json)
    assert.equal(secret.length, 32)
    const routed = await publisher.post(publishPaths.hostnames('web'), { hostname: 'TCP.site.com' })
    const { hostname, record } = publishAnswers.addHostname.parse(routed.json)
    assert.equal(hostname, 'tcp.site.com')
    assert.deepEqual(record, {
      state: 'assumed',
      records: [{ name: 'tcp.site.com', type: 'CNAME', value: 'localhost' }],
    })
    const info = publishAnswers.info.parse((await publisher.get(publishPaths.tunnel(id))).json)
    assert.deepEqual(
      [info.name, info.hostnames, info.created_by, info.connections],
      ['web', ['tcp.site.com'], alice, []],
    )
    assert.equal((await publisher.post(publishPaths.delete('web'))).status, 200)
    assert.deepEqual((await publisher.get(publishPaths.tunnels)).json, { tunnels: [] })
    for (const event of ['named tunnel created', 'host name published', 'named tunnel deleted']) {
      const line = await rig.line(event)
      assert.equal(line['publisher-id'], publisher.credential.id, event)
      assert.equal(line['by-email'], alice)
    }
    assert.ok(!JSON.stringify(rig.lines).includes(secret.toString('base64')))
  })

  test('is told a token again, and another one after a rotation', async (t) => {
    const rig = await startPublishRig(t)
    const publisher = await rig.publisher(alice, 'site.com')
    const made = await publisher.post(publishPaths.tunnels, { name: 'web' })
    const again = await publisher.post(publishPaths.token('web'))
    const { connector_ca: ca, ...secrets } = again.json
    assert.deepEqual(secrets, made.json)
    // The same authority each time, whenever its certificate is made.
    const { issuer, publicKey } = new X509Certificate(String(ca))
    const onceMore = await publisher.post(publishPaths.token('web'))
    const other = new X509Certificate(String(onceMore.json['connector_ca']))
    assert.equal(other.issuer, issuer)
    assert.ok(other.publicKey.equals(publicKey))
    const rotated = await publisher.post(publishPaths.token('web'), { rotate: 'true' })
    assert.notEqual(rotated.json['secret'], made.json['secret'])
    assert.deepEqual(rotated.json['grant_keys'], made.json['grant_keys'])
  })

  test('says what stock connectors are to serve, which carries bytes or is refused', async (t) => {
    const rig = await startPublishRig(t)
    const publisher = await rig.publisher(alice, 'site.com')
    await publisher.post(publishPaths.tunnels, { name: 'web' })
    const set = (service: string) => publisher.post(publishPaths.token('web'), { service })
    for (const wrong of ['http://localhost:80', 'tcp://localhost', 'tcp://a:1/b', 'hello_world']) {
      const { status, json } = await set(wrong)
      assert.deepEqual(
        [status, JSON.stringify(json).includes('invalid_service')],
        [400, true],
        wrong,
      )
    }
    assert.equal((await set('tcp://localhost:7870')).status, 200)
    const line = await rig.line('services of stock connectors set')
    assert.equal(line['services'], '[{"service":"tcp://localhost:7870"}]')
  })

  test('sees nothing of another site', async (t) => {
    const rig = await startPublishRig(t)
    const ours = await rig.publisher(alice, 'site.com')
    const theirs = await rig.publisher(bob, 'other.com')
    const made = await ours.post(publishPaths.tunnels, { name: 'web' })
    const id = String(made.json['id'])
    assert.deepEqual((await theirs.get(publishPaths.tunnels)).json, { tunnels: [] })
    for (const tunnel of ['web', id]) {
      const tries = [
        await theirs.get(publishPaths.tunnel(tunnel)),
        await theirs.post(publishPaths.token(tunnel), { rotate: 'true' }),
        await theirs.post(publishPaths.delete(tunnel), { force: 'true' }),
        await theirs.post(publishPaths.hostnames(tunnel), { hostname: 'tcp.other.com' }),
        await theirs.post(publishPaths.removeHostname(tunnel), { hostname: 'tcp.site.com' }),
      ]
      assert.deepEqual(
        tries.map(({ status, json }) => [status, json['error']]),
        tries.map(() => [404, 'tunnel_not_found']),
      )
    }
    const outside = await theirs.post(publishPaths.tunnels, { name: 'other' })
    assert.equal(outside.status, 200)
    const stolen = { hostname: 'tcp.site.com' }
    const refused = await theirs.post(publishPaths.hostnames('other'), stolen)
    assert.equal(refused.json['error'], 'hostname_outside_site')
  })

  test('needs a credential that is whole', async (t) => {
    const rig = await startPublishRig(t)
    const { credential } = await rig.publisher(alice, 'site.com')
    const { id, secret } = credential
    const wrong = ['', 'Bearer ', `Bearer ${id}`, `Bearer ${id}.`, `Bearer ${id}.${secret}x`]
    for (const authorization of [...wrong, `Basic ${id}.${secret}`, 'Bearer pc-0.x']) {
      const answer = await rig.send('GET', publishPaths.tunnels, { headers: { authorization } })
      assert.equal(answer.status, 401, authorization)
    }
  })

  test('who loses the site while a body is on its way, makes nothing with it', async (t) => {
    const rig = await startPublishRig(t)
    const { credential } = await rig.publisher(alice, 'site.com')
    const body = 'name=late'
    const outgoing = request(`${rig.origin}${publishPaths.tunnels}`, {
      method: 'POST',
      ca: testCa,
      agent: false,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': body.length,
        authorization: `Bearer ${bearerOf(credential)}`,
      },
    })
    const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>
    // The server has its head, and goes on as soon as the rest is here.
    await new Promise((resolve) => outgoing.write(body.slice(0, 4), resolve))
    await rig.reload((yaml) =>
      yaml.replace('has: dba } }] } }]\n    cert', 'has: x } }] } }]\n    cert'),
    )
    outgoing.end(body.slice(4))
    const [answer] = await answered
    answer.resume()
    assert.equal(answer.statusCode, 403)
  })

  test('has no tunnel by a name that an application of another site leads to', async (t) => {
    const rig = await startPublishRig(t)
    const policies = 'policies: [{ action: allow, include: [{ everyone: true }] }]'
    const application = `{ hostname: tcp.other.com, service: connector://lab, ${policies} }`
    await rig.reload((yaml) => `${yaml}\naccess: [${application}]\n`)
    const stranger = await rig.publisher(alice, 'site.com')
    const refused = await stranger.post(publishPaths.tunnels, { name: 'LAB' })
    assert.deepEqual([refused.status, refused.json['error']], [409, 'tunnel_name_reserved'])
    const own = await rig.publisher(alice, 'other.com')
    assert.equal((await own.post(publishPaths.tunnels, { name: 'lab' })).status, 200)
  })

  test('is refused with a name that says what is wrong, in clean words', async (t) => {
    const rig = await startPublishRig(t)
    const publisher = await rig.publisher(alice, 'site.com')
    await publisher.post(publishPaths.tunnels, { name: 'web' })
    const again = await publisher.post(publishPaths.tunnels, { name: 'WEB' })
    assert.deepEqual([again.status, again.json['error']], [409, 'tunnel_exists'])
    const foreign = await publisher.post(publishPaths.tunnels, { name: '\u001b[2J<b>' })
    assert.equal(foreign.json['message'], '"?[2J<b>" cannot be the name of a tunnel')
    const missing = await publisher.get(publishPaths.tunnel('wbe'))
    assert.equal(missing.json['next'], 'did you mean "web"?')
    const long = await publisher.post(publishPaths.tunnels, { name: 'x'.repeat(5000) })
    assert.equal(long.status, 413)
  })
})
