/** The 67 instructions of the threads proposal. Their alignment must be natural, not merely at most that. */

import { access, withImmediate } from './row.ts';

const i32 = 'i32';
const i64 = 'i64';

export const atomicOpcodes = {
  'memory.atomic.notify': access(0x00, [i32, i32], i32, 2, 'threads'),
  'memory.atomic.wait32': access(0x01, [i32, i32, i64], i32, 2, 'threads'),
  'memory.atomic.wait64': access(0x02, [i32, i64, i64], i32, 3, 'threads'),
  'atomic.fence': withImmediate(0x03, [], 'none', 'fence', 'threads'),

  'i32.atomic.load': access(0x10, [i32], i32, 2, 'threads'),
  'i64.atomic.load': access(0x11, [i32], i64, 3, 'threads'),
  'i32.atomic.load8_u': access(0x12, [i32], i32, 0, 'threads'),
  'i32.atomic.load16_u': access(0x13, [i32], i32, 1, 'threads'),
  'i64.atomic.load8_u': access(0x14, [i32], i64, 0, 'threads'),
  'i64.atomic.load16_u': access(0x15, [i32], i64, 1, 'threads'),
  'i64.atomic.load32_u': access(0x16, [i32], i64, 2, 'threads'),
  'i32.atomic.store': access(0x17, [i32, i32], 'none', 2, 'threads'),
  'i64.atomic.store': access(0x18, [i32, i64], 'none', 3, 'threads'),
  'i32.atomic.store8': access(0x19, [i32, i32], 'none', 0, 'threads'),
  'i32.atomic.store16': access(0x1a, [i32, i32], 'none', 1, 'threads'),
  'i64.atomic.store8': access(0x1b, [i32, i64], 'none', 0, 'threads'),
  'i64.atomic.store16': access(0x1c, [i32, i64], 'none', 1, 'threads'),
  'i64.atomic.store32': access(0x1d, [i32, i64], 'none', 2, 'threads'),

  'i32.atomic.rmw.add': access(0x1e, [i32, i32], i32, 2, 'threads'),
  'i64.atomic.rmw.add': access(0x1f, [i32, i64], i64, 3, 'threads'),
  'i32.atomic.rmw8.add_u': access(0x20, [i32, i32], i32, 0, 'threads'),
  'i32.atomic.rmw16.add_u': access(0x21, [i32, i32], i32, 1, 'threads'),
  'i64.atomic.rmw8.add_u': access(0x22, [i32, i64], i64, 0, 'threads'),
  'i64.atomic.rmw16.add_u': access(0x23, [i32, i64], i64, 1, 'threads'),
  'i64.atomic.rmw32.add_u': access(0x24, [i32, i64], i64, 2, 'threads'),

  'i32.atomic.rmw.sub': access(0x25, [i32, i32], i32, 2, 'threads'),
  'i64.atomic.rmw.sub': access(0x26, [i32, i64], i64, 3, 'threads'),
  'i32.atomic.rmw8.sub_u': access(0x27, [i32, i32], i32, 0, 'threads'),
  'i32.atomic.rmw16.sub_u': access(0x28, [i32, i32], i32, 1, 'threads'),
  'i64.atomic.rmw8.sub_u': access(0x29, [i32, i64], i64, 0, 'threads'),
  'i64.atomic.rmw16.sub_u': access(0x2a, [i32, i64], i64, 1, 'threads'),
  'i64.atomic.rmw32.sub_u': access(0x2b, [i32, i64], i64, 2, 'threads'),

  'i32.atomic.rmw.and': access(0x2c, [i32, i32], i32, 2, 'threads'),
  'i64.atomic.rmw.and': access(0x2d, [i32, i64], i64, 3, 'threads'),
  'i32.atomic.rmw8.and_u': access(0x2e, [i32, i32], i32, 0, 'threads'),
  'i32.atomic.rmw16.and_u': access(0x2f, [i32, i32], i32, 1, 'threads'),
  'i64.atomic.rmw8.and_u': access(0x30, [i32, i64], i64, 0, 'threads'),
  'i64.atomic.rmw16.and_u': access(0x31, [i32, i64], i64, 1, 'threads'),
  'i64.atomic.rmw32.and_u': access(0x32, [i32, i64], i64, 2, 'threads'),

  'i32.atomic.rmw.or': access(0x33, [i32, i32], i32, 2, 'threads'),
  'i64.atomic.rmw.or': access(0x34, [i32, i64], i64, 3, 'threads'),
  'i32.atomic.rmw8.or_u': access(0x35, [i32, i32], i32, 0, 'threads'),
  'i32.atomic.rmw16.or_u': access(0x36, [i32, i32], i32, 1, 'threads'),
  'i64.atomic.rmw8.or_u': access(0x37, [i32, i64], i64, 0, 'threads'),
  'i64.atomic.rmw16.or_u': access(0x38, [i32, i64], i64, 1, 'threads'),
  'i64.atomic.rmw32.or_u': access(0x39, [i32, i64], i64, 2, 'threads'),

  'i32.atomic.rmw.xor': access(0x3a, [i32, i32], i32, 2, 'threads'),
  'i64.atomic.rmw.xor': access(0x3b, [i32, i64], i64, 3, 'threads'),
  'i32.atomic.rmw8.xor_u': access(0x3c, [i32, i32], i32, 0, 'threads'),
  'i32.atomic.rmw16.xor_u': access(0x3d, [i32, i32], i32, 1, 'threads'),
  'i64.atomic.rmw8.xor_u': access(0x3e, [i32, i64], i64, 0, 'threads'),
  'i64.atomic.rmw16.xor_u': access(0x3f, [i32, i64], i64, 1, 'threads'),
  'i64.atomic.rmw32.xor_u': access(0x40, [i32, i64], i64, 2, 'threads'),

  'i32.atomic.rmw.xchg': access(0x41, [i32, i32], i32, 2, 'threads'),
  'i64.atomic.rmw.xchg': access(0x42, [i32, i64], i64, 3, 'threads'),
  'i32.atomic.rmw8.xchg_u': access(0x43, [i32, i32], i32, 0, 'threads'),
  'i32.atomic.rmw16.xchg_u': access(0x44, [i32, i32], i32, 1, 'threads'),
  'i64.atomic.rmw8.xchg_u': access(0x45, [i32, i64], i64, 0, 'threads'),
  'i64.atomic.rmw16.xchg_u': access(0x46, [i32, i64], i64, 1, 'threads'),
  'i64.atomic.rmw32.xchg_u': access(0x47, [i32, i64], i64, 2, 'threads'),

  'i32.atomic.rmw.cmpxchg': access(0x48, [i32, i32, i32], i32, 2, 'threads'),
  'i64.atomic.rmw.cmpxchg': access(0x49, [i32, i64, i64], i64, 3, 'threads'),
  'i32.atomic.rmw8.cmpxchg_u': access(0x4a, [i32, i32, i32], i32, 0, 'threads'),
  'i32.atomic.rmw16.cmpxchg_u': access(0x4b, [i32, i32, i32], i32, 1, 'threads'),
  'i64.atomic.rmw8.cmpxchg_u': access(0x4c, [i32, i64, i64], i64, 0, 'threads'),
  'i64.atomic.rmw16.cmpxchg_u': access(0x4d, [i32, i64, i64], i64, 1, 'threads'),
  'i64.atomic.rmw32.cmpxchg_u': access(0x4e, [i32, i64, i64], i64, 2, 'threads'),
} as const;
