import type { NamedTunnel, OpenTunnel } from '../facts.ts'
import type { Random } from '../random.ts'
import type { Rig } from '../rig.ts'
import { site } from '../world/world.ts'

/** A named tunnel is made, or a connector of it comes. */
export async function connectConnector(rig: Rig, random: Random): Promise<boolean> {
  const { world, facts, links } = rig
  const named = random.pick(facts.namedTunnels)
  named.id ??= (
    await world.publishing.operatorTunnels.create({
      name: named.name,
      site,
      createdBy: 'model',
      userId: 'model',
    })
  ).tunnel.id
  const here = links.get(named.id) ?? []
  if (here.length >= 2) return false
  links.set(named.id, [...here, world.services.connect(world.links, named.id)])
  return true
}

export async function loseConnector(rig: Rig, random: Random): Promise<boolean> {
  const { facts, links, world } = rig
  const [id, here] = random.pick([...links, ['', []] as const])
  const [lost, ...others] = here
  if (lost === undefined) return false
  const { connectorId } = lost.link
  const through = new Set(
    world.parts.liveTunnels
      .open()
      .filter(({ destination }) => destination.connector?.connectorId === connectorId),
  )
  for (const tunnel of facts.open)
    if (through.has(tunnel.entry as never)) tunnel.cutBy.add('upstream-reset')
  links.set(id, others)
  lost.lose()
  return Promise.resolve(true)
}

export async function endNamedTunnel(rig: Rig, random: Random): Promise<boolean> {
  const { world, facts, links } = rig
  const there = facts.namedTunnels.filter(({ id }) => id !== undefined)
  if (there.length === 0 || !random.isIn(60)) return false
  const throughOf = ({ name }: NamedTunnel): readonly OpenTunnel[] =>
    facts.open.filter(({ place }) => place.kind === 'connector' && place.tunnel === name)
  const used = there.filter((it) => throughOf(it).length > 0)
  const named = random.pick(used.length > 0 ? used : there)
  const through = throughOf(named)
  const isDeleted = random.isIn(40)
  for (const { cutBy } of through)
    cutBy.add(isDeleted ? 'named-tunnel-deleted' : 'connector-revoked')
  links.delete(named.id ?? '')
  if (isDeleted) await deleteTunnel(rig, named)
  else await world.publishing.operatorTunnels.rotate(named.name)
  return true
}

async function deleteTunnel({ world }: Rig, named: NamedTunnel): Promise<void> {
  named.id = undefined
  await world.publishing.operatorTunnels.delete(named.name, {
    force: true,
    removed: () => undefined,
  })
}
