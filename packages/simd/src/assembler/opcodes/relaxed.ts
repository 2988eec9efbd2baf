/** The 20 instructions of relaxed SIMD: their results may differ between machines within what the specification lists. */

import { plain } from './row.ts';

const v128 = 'v128';

export const relaxedOpcodes = {
  'i8x16.relaxed_swizzle': plain(0x100, [v128, v128], v128, 'relaxed'),
  'i32x4.relaxed_trunc_f32x4_s': plain(0x101, [v128], v128, 'relaxed'),
  'i32x4.relaxed_trunc_f32x4_u': plain(0x102, [v128], v128, 'relaxed'),
  'i32x4.relaxed_trunc_f64x2_s_zero': plain(0x103, [v128], v128, 'relaxed'),
  'i32x4.relaxed_trunc_f64x2_u_zero': plain(0x104, [v128], v128, 'relaxed'),
  'f32x4.relaxed_madd': plain(0x105, [v128, v128, v128], v128, 'relaxed'),
  'f32x4.relaxed_nmadd': plain(0x106, [v128, v128, v128], v128, 'relaxed'),
  'f64x2.relaxed_madd': plain(0x107, [v128, v128, v128], v128, 'relaxed'),
  'f64x2.relaxed_nmadd': plain(0x108, [v128, v128, v128], v128, 'relaxed'),
  'i8x16.relaxed_laneselect': plain(0x109, [v128, v128, v128], v128, 'relaxed'),
  'i16x8.relaxed_laneselect': plain(0x10a, [v128, v128, v128], v128, 'relaxed'),
  'i32x4.relaxed_laneselect': plain(0x10b, [v128, v128, v128], v128, 'relaxed'),
  'i64x2.relaxed_laneselect': plain(0x10c, [v128, v128, v128], v128, 'relaxed'),
  'f32x4.relaxed_min': plain(0x10d, [v128, v128], v128, 'relaxed'),
  'f32x4.relaxed_max': plain(0x10e, [v128, v128], v128, 'relaxed'),
  'f64x2.relaxed_min': plain(0x10f, [v128, v128], v128, 'relaxed'),
  'f64x2.relaxed_max': plain(0x110, [v128, v128], v128, 'relaxed'),
  'i16x8.relaxed_q15mulr_s': plain(0x111, [v128, v128], v128, 'relaxed'),
  'i16x8.relaxed_dot_i8x16_i7x16_s': plain(0x112, [v128, v128], v128, 'relaxed'),
  'i32x4.relaxed_dot_i8x16_i7x16_add_s': plain(0x113, [v128, v128, v128], v128, 'relaxed'),
} as const;
