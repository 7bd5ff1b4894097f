import { BlockList, isIP } from 'node:net'
import { embeddedIPv4 } from './embedded-ipv4.ts'

/**
 * Where clouds answer each of their machines, and hand out its credentials to whoever asks from there. Other
 * link-local addresses are services like any other.
 */
const services = new BlockList()
for (const address of [
  // EC2, Google, Azure, OpenStack and others.
  '169.254.169.254',
  // Credentials of ECS tasks and EKS pods.
  '169.254.170.2',
  '169.254.170.23',
  // Alibaba.
  '100.100.100.200',
  // Azure's WireServer.
  '168.63.129.16',
]) {
  services.addAddress(address, 'ipv4')
}
for (const address of [
  // EC2, EKS pods, Google, Oracle, OpenStack.
  'fd00:ec2::254',
  'fd00:ec2::23',
  'fd20:ce::254',
  'fd00:c1::a9fe:a9fe',
  'fe80::a9fe:a9fe',
]) {
  services.addAddress(address, 'ipv6')
}

/**
 * Whether an IP address is the metadata service of a cloud, in whichever form: IPv4 within IPv6 too, since a
 * translator or a tunnel on the way makes IPv4 of it again. False for names.
 */
export function isMetadataAddress(address: string): boolean {
  const plain = address.replace(/%.*$/, '')
  if (isIP(plain) === 4) return services.check(plain, 'ipv4')
  if (isIP(plain) !== 6) return false
  return (
    services.check(plain, 'ipv6') || embeddedIPv4(plain).some((it) => services.check(it, 'ipv4'))
  )
}
