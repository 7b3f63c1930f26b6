/** Numbers of bytes as people read them. */

/** `201.4 MB`: decimal units, as disks and Core ML report them. */
export function bytes(n: number): string {
  const units = ["B", "kB", "MB", "GB"];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, n)) / 3)));
  return power === 0 ? `${n} B` : `${(n / 1000 ** power).toFixed(1)} ${units[power]}`;
}
