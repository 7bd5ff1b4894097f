import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { UpstreamError } from '../errors.ts'
import { dial } from './dial.ts'
import { isMetadataAddress } from './metadata-address.ts'

describe('the metadata service of a cloud', () => {
  test('is known by its addresses', () => {
    const addresses = [
      '169.254.169.254',
      '169.254.170.2',
      '169.254.170.23',
      '100.100.100.200',
      '168.63.129.16',
      'fd00:ec2::254',
      'FD00:0EC2:0::0:254',
      'fd20:ce::254',
      'fe80::a9fe:a9fe%eth0',
    ]
    for (const address of addresses) assert.ok(isMetadataAddress(address), address)
  })

  test('is known within IPv6', () => {
    const forms = {
      mapped: ['::ffff:169.254.169.254', '::ffff:a9fe:a9fe', '0:0:0:0:0:FFFF:A9FE:A9FE'],
      compatible: ['::169.254.169.254', '::a9fe:aa02'],
      translated: ['::ffff:0:169.254.169.254'],
      'NAT64, well known': ['64:ff9b::169.254.169.254', '64:ff9b::a83f:8110'],
      'NAT64, of one network': [
        '64:ff9b:1::169.254.169.254',
        '64:ff9b:1:a9fe:a9:fe00::',
        '64:ff9b:1:a9:fe:a9fe::',
        '64:ff9b:1:2:a9:fea9:fe00:0',
        '64:ff9b:1:abcd::6464:64c8',
      ],
      '6to4': ['2002:a9fe:a9fe::1', '2002:6464:64c8::'],
      Teredo: ['2001:0:1:2:3:4:5601:5601'],
      ISATAP: ['2001:db8::5efe:169.254.169.254', 'fe80::200:5efe:a9fe:a9fe'],
    }
    for (const [form, addresses] of Object.entries(forms)) {
      for (const address of addresses) assert.ok(isMetadataAddress(address), `${form}: ${address}`)
    }
  })

  test('is nothing else: other link-local addresses are services', () => {
    const others = [
      '169.254.169.253',
      '169.254.1.1',
      '10.0.0.1',
      '127.0.0.1',
      '::1',
      '::',
      'fe80::1%eth0',
      '::ffff:169.254.169.253',
      '64:ff9b::10.0.0.1',
      '2001:db8::a9fe:a9fe',
      'fd00:ec2::253',
      'metadata.google.internal',
      '169.254.169.254.example.com',
      '',
    ]
    for (const address of others) assert.ok(!isMetadataAddress(address), address)
  })

  test('is found however the resolver is given it', async () => {
    const refuse = (address: string): void => {
      if (isMetadataAddress(address)) throw new UpstreamError('x', 'is refused here')
      assert.fail(`"${address}" was let through`)
    }
    // What inet_aton(3) takes: decimal, hexadecimal, octal, and fewer parts.
    for (const host of ['2852039166', '0xa9fea9fe', '0251.0376.0251.0376', '169.254.43518']) {
      await assert.rejects(dial({ host, port: 80 }, { allowAddress: refuse }), {
        message: `"${host}:80" is refused here (169.254.169.254)`,
      })
    }
  })
})
