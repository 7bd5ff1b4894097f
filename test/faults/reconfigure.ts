import type { GatewayFile, GatewayRig } from '../e2e/rig.ts'

/** Edits the file of a gateway; resolves once it has taken that over. */
export async function reconfigure(
  { lines, configure }: GatewayRig,
  change: (file: GatewayFile) => GatewayFile,
): Promise<void> {
  // By their count: the lines of all reloads are the same.
  const reloads = (): number =>
    lines.all(({ message }) => message === 'configuration reloaded').length
  const before = reloads()
  await configure(change)
  await lines.first(() => reloads() > before)
}
