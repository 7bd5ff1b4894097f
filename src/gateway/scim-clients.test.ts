import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { alice, bob } from './device.fixture.ts'
import { startScimRig, untilEnded } from './scim.fixture.ts'

const core = 'urn:ietf:params:scim:schemas:core:2.0'
const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
const patchSchema = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'
const patch = (...Operations: readonly object[]) => ({ schemas: [patchSchema], Operations })
const filter = (text: string): string => `?filter=${encodeURIComponent(text)}`

describe('SCIM as the directories of companies speak it', () => {
  // https://learn.microsoft.com/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups
  test('Entra ID: test of the connection, first cycle, changes, soft delete, delete', async (t) => {
    const rig = await startScimRig(t)
    const { scim } = rig
    // "Test Connection" asks for a user that nobody is.
    const unknown = await scim('GET', `/Users${filter('userName eq "5f7e1a3c-none"')}`)
    assert.deepEqual([unknown.status, unknown.body.totalResults], [200, 0])

    const found = await scim('GET', `/Users${filter(`userName eq "${bob}"`)}`)
    assert.deepEqual(found.body.Resources, [])
    const made = await scim('POST', '/Users', {
      schemas: [`${core}:User`, enterprise],
      externalId: 'bob.brown',
      userName: bob,
      active: true,
      addresses: [{ primary: false, type: 'work', country: 'CH' }],
      emails: [{ primary: true, type: 'work', value: bob }],
      meta: { resourceType: 'User' },
      name: { formatted: 'Bob Brown', familyName: 'Brown', givenName: 'Bob' },
      roles: [],
      title: 'Engineer',
      [enterprise]: { department: 'IT' },
    })
    assert.equal(made.status, 201)
    const { id = assert.fail('it has no id') } = made.body
    assert.equal(made.headers['location'], `${rig.origin}/scim/v2/Users/${id}`)
    assert.equal((await scim('GET', `/Users/${id}`)).body.name?.familyName, 'Brown')
    const again = await scim('GET', `/Users${filter(`userName eq "${bob.toUpperCase()}"`)}`)
    assert.deepEqual(
      again.body.Resources?.map((it) => it.id),
      [id],
    )

    const changed = await scim('PATCH', `/Users/${id}`, {
      schemas: [patchSchema],
      Operations: [
        { op: 'Replace', path: 'emails[type eq "work"].value', value: 'robert@example.com' },
        { op: 'Replace', path: 'name.familyName', value: 'Braun' },
        { op: 'Add', path: `${enterprise}:department`, value: 'Sales' },
        { op: 'Replace', path: 'displayName', value: 'Bob B.' },
        { op: 'Add', path: 'emails[type eq "other"].value', value: 'b@example.org' },
        { op: 'Add', path: 'addresses[type eq "work"].country', value: 'DE' },
      ],
    })
    assert.equal(changed.status, 200)
    const { emails, name, displayName } = changed.body
    assert.deepEqual(emails, [
      { primary: true, type: 'work', value: 'robert@example.com' },
      { type: 'other', value: 'b@example.org' },
    ])
    assert.deepEqual(name, { formatted: 'Bob Brown', familyName: 'Braun', givenName: 'Bob' })
    assert.equal(displayName, 'Bob B.')

    const group = await scim('POST', '/Groups', {
      schemas: [`${core}:Group`],
      externalId: '8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159',
      displayName: 'dba',
      meta: { resourceType: 'Group' },
    })
    assert.equal(group.status, 201)
    const groupPath = `/Groups/${group.body.id}`
    const short = await scim('GET', `${groupPath}?excludedAttributes=members`)
    assert.equal(short.body.members, undefined)
    const named = `/Groups?excludedAttributes=members&filter=${encodeURIComponent('displayName eq "DBA"')}`
    assert.equal((await scim('GET', named)).body.totalResults, 1)

    const his = await rig.signIn(bob)
    assert.equal(await rig.tunnel(his), 403)
    const add = { op: 'Add', path: 'members', value: [{ $ref: null, value: id }] }
    assert.equal((await scim('PATCH', groupPath, patch(add))).status, 200)
    const isIn = `/Groups${filter(`id eq "${group.body.id}" and members eq "${id}"`)}`
    assert.equal((await scim('GET', isIn)).body.totalResults, 1)
    const socket = await rig.openTunnel(his)
    const remove = { op: 'Remove', path: 'members', value: [{ $ref: null, value: id }] }
    assert.equal((await scim('PATCH', groupPath, patch(remove))).status, 200)
    await untilEnded(socket)
    assert.equal((await scim('GET', isIn)).body.totalResults, 0)

    await scim('PATCH', groupPath, patch(add))
    const last = await rig.openTunnel(his)
    const off = { op: 'Replace', path: 'active', value: 'False' }
    const soft = await scim('PATCH', `/Users/${id}`, patch(off))
    assert.deepEqual([soft.status, soft.body.active], [200, false])
    await untilEnded(last)
    await assert.rejects(rig.signIn(bob))
    const on = await scim('PATCH', `/Users/${id}`, patch({ ...off, value: 'True' }))
    assert.equal(on.body.active, true)
    await rig.openTunnel(await rig.signIn(bob))
    // Names with dots where there is no path.
    const dotted = { op: 'Replace', value: { active: 'False', 'name.givenName': 'Robert' } }
    const both = await scim('PATCH', `/Users/${id}`, patch(dotted))
    assert.deepEqual([both.body.active, both.body.name?.givenName], [false, 'Robert'])
    assert.equal((await scim('DELETE', `/Users/${id}`)).status, 204)
    assert.deepEqual((await scim('GET', groupPath)).body.members, [])
    await assert.rejects(rig.signIn(bob))
  })

  // https://developer.okta.com/docs/api/openapi/okta-scim/guides/scim-20/
  test('Okta: import, create, update by PUT, deactivation, group push', async (t) => {
    const rig = await startScimRig(t)
    const { scim } = rig
    const page = await scim('GET', '/Users?startIndex=1&count=2')
    assert.deepEqual(
      [page.body.totalResults, page.body.startIndex, page.body.itemsPerPage],
      [0, 1, 0],
    )
    const found = await scim(
      'GET',
      `/Users${filter(`userName eq "${alice}"`)}&startIndex=1&count=100`,
    )
    assert.equal(found.body.totalResults, 0)
    const profile = {
      schemas: [`${core}:User`],
      userName: alice,
      name: { givenName: 'Alice', familyName: 'Adams' },
      emails: [{ primary: true, value: alice, type: 'work' }],
      displayName: 'Alice Adams',
      locale: 'en-US',
      externalId: 'u-alice',
      groups: [],
      password: 'is taken and not kept',
      active: true,
    }
    const made = await scim('POST', '/Users', profile)
    assert.equal(made.status, 201)
    assert.equal(JSON.stringify(made.body).includes('not kept'), false)
    const { id = assert.fail('it has no id') } = made.body
    const second = await scim('POST', '/Users', profile)
    assert.deepEqual([second.status, second.body.scimType], [409, 'uniqueness'])
    const put = await scim('PUT', `/Users/${id}`, { ...profile, id, displayName: 'Alice A.' })
    assert.deepEqual([put.status, put.body.displayName], [200, 'Alice A.'])

    const other = await scim('POST', '/Users', { userName: bob, externalId: 'u-bob', active: true })
    const group = await scim('POST', '/Groups', {
      schemas: [`${core}:Group`],
      displayName: 'everybody',
      members: [],
    })
    const path = `/Groups/${group.body.id}`
    const renamed = patch({ op: 'replace', value: { id: group.body.id, displayName: 'dba' } })
    assert.equal((await scim('PATCH', path, renamed)).body.displayName, 'dba')
    const both = [
      { value: id, display: alice },
      { value: other.body.id, display: bob },
    ]
    const pushed = await scim('PATCH', path, patch({ op: 'replace', path: 'members', value: both }))
    assert.equal(pushed.body.members?.length, 2)
    const socket = await rig.openTunnel(await rig.signIn(bob))
    const swap = patch(
      { op: 'remove', path: `members[value eq "${other.body.id}"]` },
      { op: 'add', path: 'members', value: [both[0]] },
    )
    const swapped = await scim('PATCH', path, swap)
    assert.deepEqual(
      swapped.body.members?.map((it) => it.value),
      [id],
    )
    await untilEnded(socket)

    const hers = await rig.openTunnel(await rig.signIn(alice))
    const off = await scim(
      'PATCH',
      `/Users/${id}`,
      patch({ op: 'replace', value: { active: false } }),
    )
    assert.equal(off.body.active, false)
    await untilEnded(hers)
    const listed = await scim('GET', '/Users?count=1&startIndex=2')
    assert.deepEqual(
      [listed.body.totalResults, listed.body.Resources?.map((it) => it.userName)],
      [2, [bob]],
    )
    const on = await scim('PUT', `/Users/${id}`, { ...profile, active: true })
    assert.equal(on.body.active, true)
    await rig.openTunnel(await rig.signIn(alice))
    assert.equal((await scim('DELETE', path)).status, 204)
    assert.equal((await scim('GET', '/Groups')).body.totalResults, 0)
  })

  test('what the gateway says of itself', async (t) => {
    const { scim } = await startScimRig(t)
    const config = await scim('GET', '/ServiceProviderConfig')
    assert.deepEqual(
      [config.body.patch, config.body.bulk?.supported, config.body.filter?.supported],
      [{ supported: true }, false, true],
    )
    const types = await scim('GET', '/ResourceTypes')
    assert.deepEqual(
      types.body.Resources?.map((it) => it.endpoint),
      ['/Users', '/Groups'],
    )
    const schema = await scim('GET', `/Schemas/${core}:User`)
    assert.equal(schema.body.id, `${core}:User`)
    assert.equal((await scim('GET', '/Schemas/none')).status, 404)
    assert.equal((await scim('POST', '/Schemas', {})).status, 404)
  })
})
