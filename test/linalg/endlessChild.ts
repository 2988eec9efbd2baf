/** Hangs at its second step: what the watch of the fuzz run is tested with. */

process.send?.({ starts: 'first' });
process.send?.({ starts: 'second' }, undefined, undefined, () => {
  for (;;);
});
