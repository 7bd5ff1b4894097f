import { writtenBy } from './written-by.ts'

/** The name of the icon in an icon theme. */
export const iconName = 'postern-desktop'

/** The product's mark, an arch, on a square of 16 units: the same as `web/ui/mark.svg`, which a test holds. */
const markSize = 16
const markPath = 'M3 16V6a5 5 0 0 1 10 0v10h-3V7a2 2 0 0 0-4 0v9z'
const markColour = '#0b6bcb'

/** The mark as a picture for menus. */
export function markSvg(): string {
  return `<!-- ${writtenBy} -->
<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64" viewBox="0 0 ${markSize} ${markSize}"><path fill="${markColour}" d="${markPath}"/></svg>
`
}
