import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createIpAllowance, ipRulesSchema } from './ip-rules.ts'

const allowance = (rules: unknown) => createIpAllowance(ipRulesSchema.parse(rules))

test('without a rule that fits, nothing may be dialled', () => {
  assert.equal(allowance([])('10.0.0.1', 22), false)
  assert.equal(allowance([{ prefix: '10.0.0.0/8', allow: true }])('11.0.0.1', 22), false)
})

test('the first rule that fits decides, and its ports are part of that', () => {
  const allows = allowance([
    { prefix: '10.0.0.5', allow: false },
    { prefix: '10.0.0.0/8', ports: [22, 5432], allow: true },
    { prefix: 'fd00::/8', allow: true },
  ])
  assert.equal(allows('10.0.0.5', 22), false)
  assert.equal(allows('10.0.0.6', 22), true)
  assert.equal(allows('10.0.0.6', 23), false)
  assert.equal(allows('fd00::1', 1), true)
})

test('an IPv4 address that hides in IPv6 is judged as IPv4', () => {
  const allows = allowance([
    { prefix: '10.0.0.0/8', allow: false },
    { prefix: '::/0', allow: true },
  ])
  assert.equal(allows('::ffff:10.0.0.1', 22), false)
})

test('a rule denies an IPv4 address in every form by which it is reached over IPv6', () => {
  const allows = allowance([
    { prefix: '::/0', allow: true },
    { prefix: '10.0.0.0/8', ports: [22], allow: false },
    { prefix: '10.0.0.0/8', allow: true },
  ])
  for (const address of [
    '64:ff9b::10.0.0.1',
    '64:FF9B::A00:1',
    '64:ff9b:1::10.0.0.1',
    '64:ff9b:1:a00:0:100::',
    '2002:a00:1::5',
    '::10.0.0.1',
    '::ffff:10.0.0.1',
    '::ffff:0:10.0.0.1',
    '2001:0:1:2:3:4:f5ff:fffe',
    '2001:db8::5efe:10.0.0.1',
  ]) {
    assert.equal(allows(address, 22), false, address)
    assert.equal(allows(address, 23), true, address)
  }
  for (const address of ['64:ff9b::11.0.0.1', '2001:db8::a00:1', '::1'])
    assert.equal(allows(address, 22), true, address)
})

test('a rule for IPv4 allows nothing in IPv6, and one for all of IPv4 leaves ::1 alone', () => {
  const only = allowance([{ prefix: '10.0.0.0/8', allow: true }])
  for (const address of ['64:ff9b::10.0.0.1', '2002:a00:1::5', '::10.0.0.1'])
    assert.equal(only(address, 22), false, address)
  const allows = allowance([
    { prefix: '0.0.0.0/0', allow: false },
    { prefix: '64:ff9b::/96', allow: true },
    { prefix: '::1', allow: true },
  ])
  assert.equal(allows('::1', 22), true)
  assert.equal(allows('64:ff9b::10.0.0.1', 22), false)
  const translated = allowance([{ prefix: '64:ff9b::/96', allow: true }])
  assert.equal(translated('64:ff9b::10.0.0.1', 22), true)
})

test('a network that is allowed is so without the metadata service of a cloud', () => {
  const wide = [
    { prefix: '0.0.0.0/0', allow: true },
    { prefix: '::/0', allow: true },
  ]
  const addresses = ['169.254.169.254', '64:ff9b::a9fe:a9fe', 'fd00:ec2::254', '::ffff:a9fe:a9fe']
  for (const address of addresses) assert.equal(allowance(wide)(address, 80), false, address)
  assert.equal(allowance(wide)('169.254.169.253', 80), true)
  const meant = [{ prefix: '169.254.169.254', allow: true }, ...wide]
  assert.equal(allowance(meant)('169.254.169.254', 80), true)
  assert.equal(allowance(meant)('fd00:ec2::254', 80), false)
})

test('the address that stands for this machine is judged as its loopback', () => {
  const allows = allowance([
    { prefix: '127.0.0.0/8', allow: false },
    { prefix: '::1', allow: false },
    { prefix: '0.0.0.0/0', allow: true },
    { prefix: '::/0', allow: true },
  ])
  for (const address of ['0.0.0.0', '::', '0:0::0', '::ffff:0.0.0.0', '::ffff:0:0', '::%lo'])
    assert.equal(allows(address, 22), false, address)
  assert.equal(allowance([{ prefix: '127.0.0.1', allow: true }])('0.0.0.0', 22), true)
})

test('a rule without "allow" denies, as in cloudflared', () => {
  assert.equal(allowance([{ prefix: '10.0.0.0/8' }])('10.0.0.1', 22), false)
})

test('a prefix, port or key that is none is a fault', () => {
  for (const rule of [
    { prefix: '10.0.0.0/33', allow: true },
    { prefix: 'db.corp', allow: true },
    { prefix: '10.0.0.0/8', ports: [0], allow: true },
    { prefix: '10.0.0.0/8', ports: ['22'], allow: true },
    { prefix: '10.0.0.0/8', alow: true },
    { ports: [22], allow: true },
  ]) {
    assert.equal(ipRulesSchema.safeParse([rule]).success, false, JSON.stringify(rule))
  }
})
