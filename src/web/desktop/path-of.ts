/** The path of a call, such as `/connections/:id/rdp`. */
export function pathOf(path: string, id = ''): string {
  return `/api${path.replace(':id', () => encodeURIComponent(id))}`
}
