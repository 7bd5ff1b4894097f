/**
 * The folders of the packages that files are of, such as `node_modules/zod`, in their order.
 *
 * @param {readonly string[]} paths
 */
export function packagesIn(paths) {
  const folders = paths.map(
    (path) =>
      /node_modules\/(.*\/node_modules\/)?(@[^/]+\/)?[^/]+/.exec(path.replaceAll('\\', '/'))?.[0],
  )
  return [...new Set(folders.filter((folder) => folder !== undefined))].sort()
}
