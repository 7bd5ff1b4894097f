import { join } from 'node:path'
import { runTool } from '../linux/run-tool.ts'
import { withStage } from '../linux/stage.ts'
import type { Image } from './image.ts'
import { writeLayout } from './layout.ts'

/** `postern-0.1.0-oci.tar` */
export function layoutName(version: string): string {
  return `postern-${version}-oci.tar`
}

/** Writes images as one file, which `skopeo copy oci-archive:FILE …`, `podman load` and `docker load` read. */
export function archiveLayout(
  outfile: string,
  version: string,
  images: readonly Image[],
  seconds: number,
): void {
  withStage((directory) => {
    const layout = join(directory, 'layout')
    writeLayout(layout, version, images)
    const same = ['--format=ustar', '--sort=name', `--mtime=@${seconds}`, '--mode=u=rwX,go=rX']
    const owner = ['--numeric-owner', '--owner=0', '--group=0']
    const names = ['blobs', 'index.json', 'oci-layout']
    const from = `--directory=${layout}`
    runTool('tar', ['--create', `--file=${outfile}`, ...same, ...owner, from, ...names])
  })
}
