import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { localActor } from '../control/change.ts'
import { alice, bob } from './device.fixture.ts'
import { echoed, startScimRig, untilEnded, type ScimRig } from './scim.fixture.ts'

const userSchema = 'urn:ietf:params:scim:schemas:core:2.0:User'
const groupSchema = 'urn:ietf:params:scim:schemas:core:2.0:Group'
const patchSchema = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'

const user = (userName: string, more: object = {}) => ({
  schemas: [userSchema],
  userName,
  active: true,
  emails: [{ primary: true, type: 'work', value: userName }],
  ...more,
})
const patch = (...Operations: readonly object[]) => ({ schemas: [patchSchema], Operations })

async function created({ scim }: ScimRig, path: string, body: object): Promise<string> {
  const answer = await scim('POST', path, body)
  assert.equal(answer.status, 201, JSON.stringify(answer.body))
  return String(answer.body.id)
}

describe('users and groups that a directory provisions', () => {
  test('whoever is deactivated loses tunnels and sessions, and is back once active', async (t) => {
    const rig = await startScimRig(t)
    const id = await created(rig, '/Users', user(alice))
    const token = await rig.signIn(alice)
    const socket = await rig.openTunnel(token)
    const off = { op: 'replace', path: 'active', value: false }
    assert.equal((await rig.scim('PATCH', `/Users/${id}`, patch(off))).status, 200)
    await untilEnded(socket)
    const cut = await rig.lineWhere((line) => line['ended'] === 'person-blocked')
    assert.equal(cut['email'], alice)
    const entry = await rig.line('scim user deactivated')
    assert.deepEqual(
      [entry['user-name'], entry['changes'], entry['by-service-account-id']],
      [alice, ['active'], 'directory'],
    )
    await rig.line('sessions revoked')
    assert.equal(await rig.tunnel(token), 401)
    await assert.rejects(rig.signIn(alice))
    const { blocks } = await rig.operations.listBlocks(localActor)
    assert.deepEqual(
      blocks.map(({ who, reason, blocked_by: by, by_scim }) => [who, reason, by, by_scim]),
      [[alice, 'deactivated by SCIM', 'SCIM', true]],
    )
    await assert.rejects(rig.operations.unblockPerson(localActor, alice), {
      code: 'block-not-found',
      hint: /activate them in the directory/,
    })
    await rig.scim('PATCH', `/Users/${id}`, patch({ ...off, value: true }))
    // The session that has ended is not back with its person.
    assert.equal(await rig.tunnel(token), 401)
    await rig.openTunnel(await rig.signIn(alice))
    assert.deepEqual((await rig.operations.listBlocks(localActor)).blocks, [])
  })

  test('whoever is deleted stays out until they are made again', async (t) => {
    const rig = await startScimRig(t)
    const id = await created(rig, '/Users', user('Alice@Example.COM'))
    const socket = await rig.openTunnel(await rig.signIn(alice))
    assert.equal((await rig.scim('DELETE', `/Users/${id}`)).status, 204)
    await untilEnded(socket)
    assert.equal((await rig.scim('GET', `/Users/${id}`)).status, 404)
    assert.equal((await rig.scim('DELETE', `/Users/${id}`)).status, 404)
    assert.equal((await rig.scim('GET', '/Users')).body.totalResults, 0)
    await assert.rejects(rig.signIn(alice))
    await created(rig, '/Users', user(alice))
    await rig.openTunnel(await rig.signIn(alice))
  })

  test('without the key nothing of it counts, and there is nothing there', async (t) => {
    const rig = await startScimRig(t)
    await created(rig, '/Users', user(alice, { active: false }))
    await assert.rejects(rig.signIn(alice))
    await rig.reload((yaml) => yaml.replace(/^scim:.*$/m, ''))
    await rig.openTunnel(await rig.signIn(alice))
    const gone = await rig.scim('GET', '/Users', undefined, { accept: 'application/json' })
    assert.deepEqual([gone.status, gone.body.error], [404, 'page_not_found'])
  })

  test('a group lets its members in at once, and out again', async (t) => {
    const rig = await startScimRig(t)
    const [his, hers] = [await rig.signIn(bob), await rig.signIn(alice)]
    assert.equal(await rig.tunnel(his), 403)
    const id = await created(rig, '/Users', user(bob))
    const group = await created(rig, '/Groups', {
      schemas: [groupSchema],
      displayName: 'dba',
      members: [{ value: id }],
    })
    const [socket, other] = [await rig.openTunnel(his), await rig.openTunnel(hers)]
    const off = { op: 'remove', path: `members[value eq "${id}"]` }
    assert.equal((await rig.scim('PATCH', `/Groups/${group}`, patch(off))).status, 200)
    await untilEnded(socket)
    const cut = await rig.lineWhere((line) => line['ended'] === 'policy-changed')
    assert.equal(cut['email'], bob)
    const changed = await rig.line('scim group changed')
    assert.deepEqual([changed['group'], changed['removed']], ['dba', [bob]])
    assert.equal(await rig.tunnel(his), 403)
    assert.equal(await echoed(other, 'still there'), 'still there')

    await rig.scim(
      'PATCH',
      `/Groups/${group}`,
      patch({ ...off, op: 'add', path: 'members', value: [{ value: id }] }),
    )
    const again = await rig.openTunnel(his)
    await rig.scim(
      'PATCH',
      `/Groups/${group}`,
      patch({ op: 'replace', value: { displayName: 'x' } }),
    )
    await untilEnded(again)
    await rig.scim('PUT', `/Groups/${group}`, { displayName: 'dba', members: [{ value: id }] })
    const last = await rig.openTunnel(his)
    assert.equal((await rig.scim('DELETE', `/Groups/${group}`)).status, 204)
    await untilEnded(last)
  })

  test('a user whose address changes takes groups along', async (t) => {
    const rig = await startScimRig(t)
    const id = await created(rig, '/Users', user(bob))
    await created(rig, '/Groups', { displayName: 'dba', members: [{ value: id }] })
    const socket = await rig.openTunnel(await rig.signIn(bob))
    await rig.scim('PUT', `/Users/${id}`, user('robert@example.com'))
    await untilEnded(socket)
  })

  test('nobody else may ask, and nobody is told why', async (t) => {
    const rig = await startScimRig(t)
    const { credential } = await rig.operations.createServiceAccount(localActor, {
      id: 'other',
      description: '',
      format: 'jwt',
      expires_at: null,
    })
    const hers = await rig.signIn(alice)
    for (const authorization of ['', 'Bearer x', `Bearer ${credential}`, `Bearer ${hers}`]) {
      const answer = await rig.scim('GET', '/Users', undefined, { authorization })
      assert.deepEqual([answer.status, answer.body.status], [401, '401'], authorization)
      assert.match(String(answer.headers['www-authenticate']), /^Bearer/)
    }
    for (const authorization of [
      `Pomerium ${rig.credential}`,
      `bearer Pomerium-${rig.credential}`,
    ]) {
      const answer = await rig.scim('GET', '/Users', undefined, { authorization })
      assert.equal(answer.status, 200, authorization)
    }
    await rig.operations.revokeServiceAccount(localActor, 'directory')
    assert.equal((await rig.scim('GET', '/Users')).status, 401)
  })

  test('what a restart would read is what holds', async (t) => {
    const rig = await startScimRig(t)
    const id = await created(rig, '/Users', user(alice, { externalId: 'u-alice' }))
    const { status, body, headers } = await rig.scim('GET', `/Users/${id}`)
    assert.equal(status, 200)
    assert.deepEqual(
      [body.id, body.userName, body.externalId, body.active],
      [id, alice, 'u-alice', true],
    )
    assert.ok(body.meta)
    assert.equal(body.meta.location, `${rig.origin}/scim/v2/Users/${id}`)
    assert.equal(headers['etag'], body.meta.version)
    const known = { 'if-none-match': body.meta.version }
    assert.equal((await rig.scim('GET', `/Users/${id}`, undefined, known)).status, 304)
    const stale = { 'if-match': 'W/"0"' }
    const off = patch({ op: 'replace', value: { active: false } })
    assert.equal((await rig.scim('PATCH', `/Users/${id}`, off, stale)).status, 412)
    assert.equal((await rig.scim('DELETE', `/Users/${id}`, undefined, stale)).status, 412)
    const same = await rig.scim('PUT', `/Users/${id}`, {
      userName: alice,
      externalId: 'u-alice',
      emails: body.emails,
    })
    assert.equal(same.body.meta?.version, body.meta.version)
    // By the provider's id alone, whatever the address is.
    await rig.scim('PUT', `/Users/${id}`, { userName: 'al', externalId: 'u-alice', active: false })
    await assert.rejects(rig.signIn(alice))
    // Who has left does not come back by what is not said.
    const put = await rig.scim('PUT', `/Users/${id}`, { userName: 'al', externalId: 'u-alice' })
    assert.equal(put.body.active, false)
  })

  test('faults are told in the words of the protocol', async (t) => {
    const rig = await startScimRig(t)
    const id = await created(rig, '/Users', user(alice))
    const cases: readonly (readonly [string, string, unknown, number, string | undefined])[] = [
      ['POST', '/Users', user(alice.toUpperCase()), 409, 'uniqueness'],
      ['POST', '/Users', {}, 400, 'invalidValue'],
      ['POST', '/Users', 'text', 400, 'invalidSyntax'],
      ['POST', '/Users', user('a', { active: 'perhaps' }), 400, 'invalidValue'],
      [
        'POST',
        '/Groups',
        { displayName: 'x', members: [{ value: 'nobody' }] },
        400,
        'invalidValue',
      ],
      ['GET', '/Users?filter=userName%20co%20%22a%22', undefined, 400, 'invalidFilter'],
      ['GET', '/Users?filter=title%20eq%20%22a%22', undefined, 400, 'invalidFilter'],
      ['GET', '/Users/none', undefined, 404, undefined],
      ['GET', '/Nothing', undefined, 404, undefined],
      ['GET', '/Users/a/b', undefined, 404, undefined],
      ['PATCH', '/Users/none', patch({ op: 'add', value: {} }), 404, undefined],
      ['PATCH', `/Users/${id}`, {}, 400, 'invalidSyntax'],
      ['PATCH', `/Users/${id}`, patch({ op: 'move', path: 'active' }), 400, 'invalidSyntax'],
      ['PATCH', `/Users/${id}`, patch({ op: 'remove' }), 400, 'noTarget'],
      ['PATCH', `/Users/${id}`, patch({ op: 'remove', path: 'userName' }), 400, 'invalidValue'],
      ['PATCH', `/Users/${id}`, patch({ op: 'remove', path: 'active' }), 400, 'mutability'],
      ['PATCH', `/Users/${id}`, patch({ op: 'add', path: 'id', value: 'x' }), 400, 'mutability'],
      ['PATCH', `/Users/${id}`, patch({ op: 'add', path: 'a b', value: 'x' }), 400, 'invalidPath'],
      ['POST', '/Users', user('a'.repeat(1_100_000)), 413, undefined],
    ]
    for (const [method, path, body, status, scimType] of cases) {
      const answer = await rig.scim(method, path, body)
      const said = JSON.stringify(answer.body)
      assert.deepEqual([answer.status, answer.body.scimType], [status, scimType], `${path} ${said}`)
      assert.equal(answer.body.status, String(status))
      assert.equal(answer.headers['content-type'], 'application/scim+json')
    }
    assert.equal((await rig.scim('GET', `/Users/${id}`)).body.active, true)
  })
})
