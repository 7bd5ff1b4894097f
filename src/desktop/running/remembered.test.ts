import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KnownGateway } from '../../client/gateways/known-gateway.ts'
import { createCertificateAuthority } from '../../net/certificate.ts'
import { startFakeGateway, type FakeGateway } from '../../reach/fake-gateway.fixture.ts'
import { echoed, openDaemonRig } from './daemon.fixture.ts'

const entry = (name: string, { origin, ca }: FakeGateway): KnownGateway => ({
  name,
  url: origin,
  ca,
  knownNames: [],
})
const leftOut = { gateway: undefined, ca_cert: undefined }

test('a connection without gateway and authority goes to the default one, and one with a name to that one', async () => {
  await using office = await startFakeGateway({ isPublic: true })
  await using lab = await startFakeGateway({ isPublic: true })
  const gateways = [entry('office', office), entry('lab', lab)]
  const remembered = { gateways, defaultName: 'office' }
  await using rig = await openDaemonRig({ remembered: () => Promise.resolve(remembered) })
  const byDefault = await rig.add(office, leftOut)
  const byName = await rig.add(office, { ...leftOut, gateway: 'lab' })
  await rig.daemon.up([byDefault, byName])
  assert.deepEqual(
    [byDefault, byName].map((id) => rig.daemon.viewOf(id).gateway),
    [office.origin, lab.origin],
  )
  for (const id of [byDefault, byName]) {
    const socket = await rig.dial(id)
    // Nobody but what is remembered vouches for their certificates.
    await echoed(socket)
    socket.destroy()
  }
})

test('the authority of one gateway vouches for no other, and settings that name one keep to it', async () => {
  await using office = await startFakeGateway({ isPublic: true })
  await using lab = await startFakeGateway({ isPublic: true })
  const gateways = [entry('office', office)]
  const remembered = { gateways, defaultName: 'office' }
  await using rig = await openDaemonRig({ remembered: () => Promise.resolve(remembered) })
  const other = await rig.add(lab, { ca_cert: undefined })
  await rig.daemon.up([other])
  await rig.untilGateway(lab.origin, ({ trouble }) => trouble?.code === 'gateway-not-trusted')
  const own = await rig.add(lab, { gateway: undefined })
  assert.equal(rig.daemon.viewOf(own).gateway, 'https://db.corp')
  const { cert } = await createCertificateAuthority()
  const wrong = await rig.add(lab, { gateway: 'office', ca_cert: cert })
  await rig.daemon.up([wrong])
  await rig.untilGateway(office.origin, ({ trouble }) => trouble?.code === 'gateway-not-trusted')
})

test('what is remembered later holds from the next time that something comes up', async () => {
  await using office = await startFakeGateway({ isPublic: true })
  await using lab = await startFakeGateway({ isPublic: true })
  const gateways = [entry('office', office), entry('lab', lab)]
  let defaultName: string | undefined
  await using rig = await openDaemonRig({
    remembered: () => Promise.resolve({ gateways, defaultName }),
  })
  const id = await rig.add(office, leftOut)
  assert.equal(rig.daemon.viewOf(id).gateway, 'https://db.corp')
  defaultName = 'office'
  await rig.daemon.up([id])
  assert.equal(rig.daemon.viewOf(id).gateway, office.origin)
  defaultName = 'lab'
  await rig.daemon.up([id])
  assert.equal(rig.daemon.viewOf(id).gateway, office.origin, 'its tunnels stay where they are')
  await rig.daemon.down([id])
  await rig.daemon.up([id])
  assert.equal(rig.daemon.viewOf(id).gateway, lab.origin)
})
