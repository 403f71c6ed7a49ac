MLFF_KERNEL(phase_0, 1, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT element,
            const int* MLFF_RESTRICT pair_begin, const int* MLFF_RESTRICT pair_neighbour,
            const real* MLFF_RESTRICT pair_geometry, const real* MLFF_RESTRICT c0, const real* MLFF_RESTRICT c1,
            const real* MLFF_RESTRICT c2, const real* MLFF_RESTRICT c3, const real* MLFF_RESTRICT c4,
            const real* MLFF_RESTRICT c5, const real* MLFF_RESTRICT c6, const real* MLFF_RESTRICT c7,
            const real* MLFF_RESTRICT c8, const real* MLFF_RESTRICT c9, const real* MLFF_RESTRICT c10,
            const real* MLFF_RESTRICT c11, const real* MLFF_RESTRICT c12, const real* MLFF_RESTRICT c13,
            const real* MLFF_RESTRICT c14, const real* MLFF_RESTRICT c15, const real* MLFF_RESTRICT c16,
            const real* MLFF_RESTRICT c17, real* MLFF_RESTRICT b0, real* MLFF_RESTRICT b1, real* MLFF_RESTRICT b2,
            real* MLFF_RESTRICT b3, real* MLFF_RESTRICT b4, real* MLFF_RESTRICT b5, real* MLFF_RESTRICT b6,
            real* MLFF_RESTRICT b7, real* MLFF_RESTRICT b8, real* MLFF_RESTRICT b9, real* MLFF_RESTRICT b10,
            real* MLFF_RESTRICT b11) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real v5;
    real v8[5];
    real v23;
    int j, row;
  };
  constexpr int kTileNumbers = 48;   // of tile arrays, an atom
  constexpr int kSumNumbers = 0;     // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 0;    // of team arrays, a pair of a batch
  constexpr int kRing = kRingReals;  // reals of weights on their way
  constexpr int kTileReals = whole_quads(kTile * kTileNumbers);
  constexpr int kRecordReals = kPairChunk * (int)(sizeof(Record) / sizeof(real));
  constexpr int kTeamReals =
      whole_quads(kRecordReals + kPairChunk * kWarps * kSumNumbers + kPairBatch * kTeamNumbers + kTeamScratch);
  MLFF_SHARED(shared, kRing + kTileReals + kTeams * kTeamReals);
  [[maybe_unused]] real* const ring = shared;
  [[maybe_unused]] real* const tile = shared + kRing;
  [[maybe_unused]] Record* const record = (Record*)(tile + kTileReals + team() * kTeamReals);
  [[maybe_unused]] real* const sums = (real*)record + kRecordReals;
  [[maybe_unused]] real* const team_array = sums + kPairChunk * kWarps * kSumNumbers;
  [[maybe_unused]] real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  fetch_ahead(ring, first_steps<8, 8, 2, 3>(c0));
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a34[slots<8>()] = {};
    real a38x[slots<8>()] = {};
    real a38y[slots<8>()] = {};
    real a38z[slots<8>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real v5 = m_reciprocal(p.r);
        const real v10 = p.r * 0.2f;
        const real v12 = power<6>(v10);
        const real v14 = v12 * (-28.0f);
        const real v21 = 1.0f + v14;
        const real v15 = power<7>(v10);
        const real v17 = v15 * 48.0f;
        const real v22 = v21 + v17;
        const real v18 = power<8>(v10);
        const real v20 = v18 * (-21.0f);
        const real v23 = v22 + v20;
        p.v5 = v5;
        p.v23 = v23;
      }
      team_barrier();
      MLFF_EACH_PAIR_CHANNEL(e, f, count, 5) {
        Record& p = record[e];
        const real v2 = c1[f];
        const real v3 = p.r * v2;
        const real v4 = m_sin(v3);
        const real v5 = p.v5;
        const real v6 = v4 * v5;
        const real v8 = v6 * 0.632455532f;
        p.v8[f] = v8;
      }
      team_barrier();
      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        MLFF_EACH_GROUP(c, f, 8) {
          Group<8> m24[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m24[e] = group_at<8>(c2 + f);
          MLFF_UNROLL for (int k = 0; k < 5; ++k) {
            const Group<8> w = group_at<8>(c3 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m24[e], pair[e].v8[k], w);
          }
          Group<8> m29[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m29[e] = group_at<8>(c5 + f);
          MLFF_UNROLL for (int k = 0; k < 5; ++k) {
            const Group<8> w = group_at<8>(c6 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m29[e], pair[e].v8[k], w);
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<8> g27 = group_at<8>(&c4[row_of(element[p.j], 8) + f]);
            const Group<8> g32 = group_at<8>(&c7[row_of(element[p.j], 8) + f]);
            MLFF_EACH_OF_GROUP(u, 8) {
              const real v23 = p.v23;
              const real v25 = v23 * m24[e].value[u];
              const real v27 = g27.value[u];
              const real v28 = v25 * v27;
              const real v30 = v23 * m29[e].value[u];
              const real v32 = g32.value[u];
              const real v33 = v30 * v32;
              const real v37x = v33 * p.ux;
              const real v37y = v33 * p.uy;
              const real v37z = v33 * p.uz;
              a34[c + u] += v28;
              a38x[c + u] += v37x;
              a38y[c + u] += v37y;
              a38z[c + u] += v37z;
            }
          }
        }
      };
      int p0 = 0;
      constexpr int kBatch = kPairBatch;
      for (; p0 + kBatch <= count; p0 += kBatch) batch(Count<kBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
    }
    MLFF_EACH_GROUP(c, f, 8) { put_group<8>(&tile[0 * kTile + t * 8 + f], group_of_slots<8>(a34, c)); }
    MLFF_EACH_GROUP(c, f, 8) {
      put_group<8>(&tile[8 * kTile + t * 24 + f], group_of_slots<8>(a38x, c));
      put_group<8>(&tile[8 * kTile + t * 24 + 8 + f], group_of_slots<8>(a38y, c));
      put_group<8>(&tile[8 * kTile + t * 24 + 16 + f], group_of_slots<8>(a38z, c));
    }
  }
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g0 = group_at<8>(&c8[row_of(element[i], 8) + f]);
      const Group<8> g34 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      Group<8> r35;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v0 = g0.value[u];
        const real v34 = g34.value[u];
        const real v35 = v0 + v34;
        r35.value[u] = v35;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r35);
    }
  }
  block_barrier();
  linear_tile<8, 8, 2, 3>(rows * 3, tile + 8 * kTile, nullptr, c0, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 1>(c9), b0 + row_of(first, 24), b1 + row_of(first, 24));
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g39x = group_at<8>(&b0[row_of(i, 24) + f]);
      const Group<8> g39y = group_at<8>(&b0[row_of(i, 24) + 8 + f]);
      const Group<8> g39z = group_at<8>(&b0[row_of(i, 24) + 16 + f]);
      Group<8> r44;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v39x = g39x.value[u];
        const real v39y = g39y.value[u];
        const real v39z = g39z.value[u];
        const real v41 = v39x * v39x + v39y * v39y + v39z * v39z;
        const real v43 = v41 + 1e-08f;
        const real v44 = m_sqrt(v43);
        r44.value[u] = v44;
      }
      put_group<8>(&tile[32 * kTile + t * 8 + f], r44);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 0 * kTile, nullptr, c9, 1.0f, c10, false, ring, first_steps<8, 8, 1, 1>(c11),
                          tile + 40 * kTile);
  linear_tile<8, 8, 1, 1>(rows, tile + 32 * kTile, nullptr, c11, 1.0f, nullptr, true, ring,
                          first_steps<8, 8, 3, 1>(c12), tile + 40 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g45 = group_at<8>(&tile[40 * kTile + t * 8 + f]);
      Group<8> r46;
      Group<8> r165;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v45 = g45.value[u];
        const real v46 = m_silu(v45);
        const real v160 = m_sigmoid(v45);
        const real v161 = -v160;
        const real v162 = 1.0f + v161;
        const real v163 = v45 * v162;
        const real v164 = 1.0f + v163;
        const real v165 = v160 * v164;
        r46.value[u] = v46;
        r165.value[u] = v165;
      }
      put_group<8>(&tile[32 * kTile + t * 8 + f], r46);
      put_group<8>(&b11[row_of(i, 8) + f], r165);
    }
  }
  block_barrier();
  linear_tile<8, 8, 3, 1>(rows, tile + 32 * kTile, nullptr, c12, 1.0f, c13, false, ring, first_steps<8, 8, 1, 1>(c14),
                          b2 + row_of(first, 8), b3 + row_of(first, 8), tile + 40 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g35 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      const Group<8> g48 = group_at<8>(&b3[row_of(i, 8) + f]);
      const Group<8> g39x = group_at<8>(&b0[row_of(i, 24) + f]);
      const Group<8> g39y = group_at<8>(&b0[row_of(i, 24) + 8 + f]);
      const Group<8> g39z = group_at<8>(&b0[row_of(i, 24) + 16 + f]);
      const Group<8> g40x = group_at<8>(&b1[row_of(i, 24) + f]);
      const Group<8> g40y = group_at<8>(&b1[row_of(i, 24) + 8 + f]);
      const Group<8> g40z = group_at<8>(&b1[row_of(i, 24) + 16 + f]);
      const Group<8> g52 = group_at<8>(&tile[40 * kTile + t * 8 + f]);
      const Group<8> g38x = group_at<8>(&tile[8 * kTile + t * 24 + f]);
      const Group<8> g38y = group_at<8>(&tile[8 * kTile + t * 24 + 8 + f]);
      const Group<8> g38z = group_at<8>(&tile[8 * kTile + t * 24 + 16 + f]);
      const Group<8> g47 = group_at<8>(&b2[row_of(i, 8) + f]);
      Group<8> r53;
      Group<8> r55x;
      Group<8> r55y;
      Group<8> r55z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v35 = g35.value[u];
        const real v48 = g48.value[u];
        const real v39x = g39x.value[u];
        const real v39y = g39y.value[u];
        const real v39z = g39z.value[u];
        const real v40x = g40x.value[u];
        const real v40y = g40y.value[u];
        const real v40z = g40z.value[u];
        const real v49 = v39x * v40x + v39y * v40y + v39z * v40z;
        const real v50 = v48 * v49;
        const real v51 = v35 + v50;
        const real v52 = g52.value[u];
        const real v53 = v51 + v52;
        const real v38x = g38x.value[u];
        const real v38y = g38y.value[u];
        const real v38z = g38z.value[u];
        const real v47 = g47.value[u];
        const real v54x = v40x * v47;
        const real v54y = v40y * v47;
        const real v54z = v40z * v47;
        const real v55x = v38x + v54x;
        const real v55y = v38y + v54y;
        const real v55z = v38z + v54z;
        r53.value[u] = v53;
        r55x.value[u] = v55x;
        r55y.value[u] = v55y;
        r55z.value[u] = v55z;
      }
      put_group<8>(&b4[row_of(i, 8) + f], r53);
      put_group<8>(&b5[row_of(i, 24) + f], r55x);
      put_group<8>(&b5[row_of(i, 24) + 8 + f], r55y);
      put_group<8>(&b5[row_of(i, 24) + 16 + f], r55z);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, b4 + row_of(first, 8), nullptr, c14, 1.0f, c15, false, ring,
                          first_steps<8, 8, 3, 1>(c16), tile + 0 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g56 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      Group<8> r57;
      Group<8> r148;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v56 = g56.value[u];
        const real v57 = m_silu(v56);
        const real v143 = m_sigmoid(v56);
        const real v144 = -v143;
        const real v145 = 1.0f + v144;
        const real v146 = v56 * v145;
        const real v147 = 1.0f + v146;
        const real v148 = v143 * v147;
        r57.value[u] = v57;
        r148.value[u] = v148;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r57);
      put_group<8>(&b10[row_of(i, 8) + f], r148);
    }
  }
  block_barrier();
  linear_tile<8, 8, 3, 1>(rows, tile + 0 * kTile, nullptr, c16, 1.0f, c17, false, ring, no_steps(),
                          b6 + row_of(first, 8), b7 + row_of(first, 8), b8 + row_of(first, 8));
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g55x = group_at<8>(&b5[row_of(i, 24) + f]);
      const Group<8> g55y = group_at<8>(&b5[row_of(i, 24) + 8 + f]);
      const Group<8> g55z = group_at<8>(&b5[row_of(i, 24) + 16 + f]);
      const Group<8> g70 = group_at<8>(&b8[row_of(i, 8) + f]);
      Group<8> r74x;
      Group<8> r74y;
      Group<8> r74z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v55x = g55x.value[u];
        const real v55y = g55y.value[u];
        const real v55z = g55z.value[u];
        const real v70 = g70.value[u];
        const real v74x = v55x * v70;
        const real v74y = v55y * v70;
        const real v74z = v55z * v70;
        r74x.value[u] = v74x;
        r74y.value[u] = v74y;
        r74z.value[u] = v74z;
      }
      put_group<8>(&b9[row_of(i, 24) + f], r74x);
      put_group<8>(&b9[row_of(i, 24) + 8 + f], r74y);
      put_group<8>(&b9[row_of(i, 24) + 16 + f], r74z);
    }
  }
  block_barrier();
}

MLFF_KERNEL(phase_1, 1, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT pair_begin,
            const int* MLFF_RESTRICT pair_neighbour, const real* MLFF_RESTRICT pair_geometry,
            real* MLFF_RESTRICT atom_energy, const real* MLFF_RESTRICT c1, const real* MLFF_RESTRICT c18,
            const real* MLFF_RESTRICT c19, const real* MLFF_RESTRICT c20, const real* MLFF_RESTRICT c21,
            const real* MLFF_RESTRICT c22, const real* MLFF_RESTRICT c23, const real* MLFF_RESTRICT c24,
            const real* MLFF_RESTRICT c25, const real* MLFF_RESTRICT c26, const real* MLFF_RESTRICT c27,
            const real* MLFF_RESTRICT c28, const real* MLFF_RESTRICT c29, const real* MLFF_RESTRICT c30,
            const real* MLFF_RESTRICT c31, const real* MLFF_RESTRICT c32, const real* MLFF_RESTRICT c33,
            const real* MLFF_RESTRICT c34, const real* MLFF_RESTRICT c35, const real* MLFF_RESTRICT c36,
            const real* MLFF_RESTRICT c37, const real* MLFF_RESTRICT c38, const real* MLFF_RESTRICT c39,
            const real* MLFF_RESTRICT b4, const real* MLFF_RESTRICT b5, const real* MLFF_RESTRICT b6,
            const real* MLFF_RESTRICT b7, const real* MLFF_RESTRICT b9, real* MLFF_RESTRICT b12,
            real* MLFF_RESTRICT b13) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real v5;
    real v8[5];
    real v23;
    int j, row;
  };
  constexpr int kTileNumbers = 128;  // of tile arrays, an atom
  constexpr int kSumNumbers = 0;     // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 0;    // of team arrays, a pair of a batch
  constexpr int kRing = kRingReals;  // reals of weights on their way
  constexpr int kTileReals = whole_quads(kTile * kTileNumbers);
  constexpr int kRecordReals = kPairChunk * (int)(sizeof(Record) / sizeof(real));
  constexpr int kTeamReals =
      whole_quads(kRecordReals + kPairChunk * kWarps * kSumNumbers + kPairBatch * kTeamNumbers + kTeamScratch);
  MLFF_SHARED(shared, kRing + kTileReals + kTeams * kTeamReals);
  [[maybe_unused]] real* const ring = shared;
  [[maybe_unused]] real* const tile = shared + kRing;
  [[maybe_unused]] Record* const record = (Record*)(tile + kTileReals + team() * kTeamReals);
  [[maybe_unused]] real* const sums = (real*)record + kRecordReals;
  [[maybe_unused]] real* const team_array = sums + kPairChunk * kWarps * kSumNumbers;
  [[maybe_unused]] real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  fetch_ahead(ring, first_steps<8, 8, 2, 3>(c18));
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a71[slots<8>()] = {};
    real a78x[slots<8>()] = {};
    real a78y[slots<8>()] = {};
    real a78z[slots<8>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real v5 = m_reciprocal(p.r);
        const real v10 = p.r * 0.2f;
        const real v12 = power<6>(v10);
        const real v14 = v12 * (-28.0f);
        const real v21 = 1.0f + v14;
        const real v15 = power<7>(v10);
        const real v17 = v15 * 48.0f;
        const real v22 = v21 + v17;
        const real v18 = power<8>(v10);
        const real v20 = v18 * (-21.0f);
        const real v23 = v22 + v20;
        p.v5 = v5;
        p.v23 = v23;
      }
      team_barrier();
      MLFF_EACH_PAIR_CHANNEL(e, f, count, 5) {
        Record& p = record[e];
        const real v2 = c1[f];
        const real v3 = p.r * v2;
        const real v4 = m_sin(v3);
        const real v5 = p.v5;
        const real v6 = v4 * v5;
        const real v8 = v6 * 0.632455532f;
        p.v8[f] = v8;
      }
      team_barrier();
      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        MLFF_EACH_GROUP(c, f, 8) {
          Group<8> m58[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m58[e] = group_at<8>(c19 + f);
          MLFF_UNROLL for (int k = 0; k < 5; ++k) {
            const Group<8> w = group_at<8>(c20 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m58[e], pair[e].v8[k], w);
          }
          Group<8> m63[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m63[e] = group_at<8>(c21 + f);
          MLFF_UNROLL for (int k = 0; k < 5; ++k) {
            const Group<8> w = group_at<8>(c22 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m63[e], pair[e].v8[k], w);
          }
          Group<8> m68[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m68[e] = group_at<8>(c23 + f);
          MLFF_UNROLL for (int k = 0; k < 5; ++k) {
            const Group<8> w = group_at<8>(c24 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m68[e], pair[e].v8[k], w);
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<8> g61 = group_at<8>(&b6[row_of(p.j, 8) + f]);
            const Group<8> g66 = group_at<8>(&b7[row_of(p.j, 8) + f]);
            const Group<8> g75x = group_at<8>(&b9[row_of(p.j, 24) + f]);
            const Group<8> g75y = group_at<8>(&b9[row_of(p.j, 24) + 8 + f]);
            const Group<8> g75z = group_at<8>(&b9[row_of(p.j, 24) + 16 + f]);
            MLFF_EACH_OF_GROUP(u, 8) {
              const real v23 = p.v23;
              const real v59 = v23 * m58[e].value[u];
              const real v61 = g61.value[u];
              const real v62 = v59 * v61;
              const real v64 = v23 * m63[e].value[u];
              const real v66 = g66.value[u];
              const real v67 = v64 * v66;
              const real v73x = p.ux * v67;
              const real v73y = p.uy * v67;
              const real v73z = p.uz * v67;
              const real v69 = v23 * m68[e].value[u];
              const real v75x = g75x.value[u];
              const real v75y = g75y.value[u];
              const real v75z = g75z.value[u];
              const real v76x = v69 * v75x;
              const real v76y = v69 * v75y;
              const real v76z = v69 * v75z;
              const real v77x = v73x + v76x;
              const real v77y = v73y + v76y;
              const real v77z = v73z + v76z;
              a71[c + u] += v62;
              a78x[c + u] += v77x;
              a78y[c + u] += v77y;
              a78z[c + u] += v77z;
            }
          }
        }
      };
      int p0 = 0;
      constexpr int kBatch = kPairBatch;
      for (; p0 + kBatch <= count; p0 += kBatch) batch(Count<kBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
    }
    MLFF_EACH_GROUP(c, f, 8) { put_group<8>(&tile[0 * kTile + t * 8 + f], group_of_slots<8>(a71, c)); }
    MLFF_EACH_GROUP(c, f, 8) {
      put_group<8>(&tile[8 * kTile + t * 24 + f], group_of_slots<8>(a78x, c));
      put_group<8>(&tile[8 * kTile + t * 24 + 8 + f], group_of_slots<8>(a78y, c));
      put_group<8>(&tile[8 * kTile + t * 24 + 16 + f], group_of_slots<8>(a78z, c));
    }
  }
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g53 = group_at<8>(&b4[row_of(i, 8) + f]);
      const Group<8> g71 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      const Group<8> g55x = group_at<8>(&b5[row_of(i, 24) + f]);
      const Group<8> g55y = group_at<8>(&b5[row_of(i, 24) + 8 + f]);
      const Group<8> g55z = group_at<8>(&b5[row_of(i, 24) + 16 + f]);
      const Group<8> g78x = group_at<8>(&tile[8 * kTile + t * 24 + f]);
      const Group<8> g78y = group_at<8>(&tile[8 * kTile + t * 24 + 8 + f]);
      const Group<8> g78z = group_at<8>(&tile[8 * kTile + t * 24 + 16 + f]);
      Group<8> r72;
      Group<8> r79x;
      Group<8> r79y;
      Group<8> r79z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v53 = g53.value[u];
        const real v71 = g71.value[u];
        const real v72 = v53 + v71;
        const real v55x = g55x.value[u];
        const real v55y = g55y.value[u];
        const real v55z = g55z.value[u];
        const real v78x = g78x.value[u];
        const real v78y = g78y.value[u];
        const real v78z = g78z.value[u];
        const real v79x = v55x + v78x;
        const real v79y = v55y + v78y;
        const real v79z = v55z + v78z;
        r72.value[u] = v72;
        r79x.value[u] = v79x;
        r79y.value[u] = v79y;
        r79z.value[u] = v79z;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r72);
      put_group<8>(&tile[8 * kTile + t * 24 + f], r79x);
      put_group<8>(&tile[8 * kTile + t * 24 + 8 + f], r79y);
      put_group<8>(&tile[8 * kTile + t * 24 + 16 + f], r79z);
    }
  }
  block_barrier();
  linear_tile<8, 8, 2, 3>(rows * 3, tile + 8 * kTile, nullptr, c18, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 1>(c25), tile + 32 * kTile, tile + 56 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g80x = group_at<8>(&tile[32 * kTile + t * 24 + f]);
      const Group<8> g80y = group_at<8>(&tile[32 * kTile + t * 24 + 8 + f]);
      const Group<8> g80z = group_at<8>(&tile[32 * kTile + t * 24 + 16 + f]);
      const Group<8> g81x = group_at<8>(&tile[56 * kTile + t * 24 + f]);
      const Group<8> g81y = group_at<8>(&tile[56 * kTile + t * 24 + 8 + f]);
      const Group<8> g81z = group_at<8>(&tile[56 * kTile + t * 24 + 16 + f]);
      Group<8> r82;
      Group<8> r84;
      Group<8> r88;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v80x = g80x.value[u];
        const real v80y = g80y.value[u];
        const real v80z = g80z.value[u];
        const real v82 = v80x * v80x + v80y * v80y + v80z * v80z;
        const real v83 = 1e-08f + v82;
        const real v84 = m_sqrt(v83);
        const real v81x = g81x.value[u];
        const real v81y = g81y.value[u];
        const real v81z = g81z.value[u];
        const real v88 = v80x * v81x + v80y * v81y + v80z * v81z;
        r82.value[u] = v82;
        r84.value[u] = v84;
        r88.value[u] = v88;
      }
      put_group<8>(&tile[8 * kTile + t * 8 + f], r82);
      put_group<8>(&tile[16 * kTile + t * 8 + f], r84);
      put_group<8>(&tile[24 * kTile + t * 8 + f], r88);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 0 * kTile, nullptr, c25, 1.0f, c26, false, ring, first_steps<8, 8, 1, 1>(c27),
                          tile + 80 * kTile);
  linear_tile<8, 8, 1, 1>(rows, tile + 16 * kTile, nullptr, c27, 1.0f, nullptr, true, ring,
                          first_steps<8, 8, 2, 1>(c28), tile + 80 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g85 = group_at<8>(&tile[80 * kTile + t * 8 + f]);
      Group<8> r86;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v85 = g85.value[u];
        const real v86 = m_silu(v85);
        r86.value[u] = v86;
      }
      put_group<8>(&tile[16 * kTile + t * 8 + f], r86);
    }
  }
  block_barrier();
  linear_tile<8, 8, 2, 1>(rows, tile + 16 * kTile, nullptr, c28, 1.0f, c29, false, ring, first_steps<8, 5, 1, 1>(c30),
                          tile + 88 * kTile, tile + 96 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g72 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      const Group<8> g87 = group_at<8>(&tile[88 * kTile + t * 8 + f]);
      const Group<8> g88 = group_at<8>(&tile[24 * kTile + t * 8 + f]);
      const Group<8> g91 = group_at<8>(&tile[96 * kTile + t * 8 + f]);
      Group<8> r92;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v72 = g72.value[u];
        const real v87 = g87.value[u];
        const real v88 = g88.value[u];
        const real v89 = v87 * v88;
        const real v90 = v72 + v89;
        const real v91 = g91.value[u];
        const real v92 = v90 + v91;
        r92.value[u] = v92;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r92);
    }
  }
  block_barrier();
  linear_tile<8, 5, 1, 1>(rows, tile + 0 * kTile, nullptr, c30, 1.0f, c31, false, ring, first_steps<5, 1, 1, 1>(c32),
                          tile + 16 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 5) {
      const Group<5> g93 = group_at<5>(&tile[16 * kTile + t * 5 + f]);
      const Group<5> g97 = group_at<5>(&c33[f]);
      Group<5> r94;
      Group<5> r104;
      MLFF_EACH_OF_GROUP(u, 5) {
        const real v93 = g93.value[u];
        const real v94 = m_silu(v93);
        const real v97 = g97.value[u];
        const real v98 = m_sigmoid(v93);
        const real v99 = -v98;
        const real v100 = 1.0f + v99;
        const real v101 = v93 * v100;
        const real v102 = 1.0f + v101;
        const real v103 = v98 * v102;
        const real v104 = v97 * v103;
        r94.value[u] = v94;
        r104.value[u] = v104;
      }
      put_group<5>(&tile[0 * kTile + t * 5 + f], r94);
      put_group<5>(&tile[16 * kTile + t * 5 + f], r104);
    }
  }
  block_barrier();
  linear_tile<5, 1, 1, 1>(rows, tile + 0 * kTile, nullptr, c32, 1.0f, nullptr, false, ring,
                          first_steps<5, 8, 1, 1>(c34), tile + 5 * kTile);
  linear_tile<5, 8, 1, 1>(rows, tile + 16 * kTile, nullptr, c34, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 1>(c35), tile + 96 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g88 = group_at<8>(&tile[24 * kTile + t * 8 + f]);
      const Group<8> g105 = group_at<8>(&tile[96 * kTile + t * 8 + f]);
      const Group<8> g80x = group_at<8>(&tile[32 * kTile + t * 24 + f]);
      const Group<8> g80y = group_at<8>(&tile[32 * kTile + t * 24 + 8 + f]);
      const Group<8> g80z = group_at<8>(&tile[32 * kTile + t * 24 + 16 + f]);
      const Group<8> g87 = group_at<8>(&tile[88 * kTile + t * 8 + f]);
      Group<8> r106;
      Group<8> r109x;
      Group<8> r109y;
      Group<8> r109z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v88 = g88.value[u];
        const real v105 = g105.value[u];
        const real v106 = v88 * v105;
        const real v80x = g80x.value[u];
        const real v80y = g80y.value[u];
        const real v80z = g80z.value[u];
        const real v87 = g87.value[u];
        const real v107 = v87 * v105;
        const real v109x = v80x * v107;
        const real v109y = v80y * v107;
        const real v109z = v80z * v107;
        r106.value[u] = v106;
        r109x.value[u] = v109x;
        r109y.value[u] = v109y;
        r109z.value[u] = v109z;
      }
      put_group<8>(&tile[16 * kTile + t * 8 + f], r106);
      put_group<8>(&tile[104 * kTile + t * 24 + f], r109x);
      put_group<8>(&tile[104 * kTile + t * 24 + 8 + f], r109y);
      put_group<8>(&tile[104 * kTile + t * 24 + 16 + f], r109z);
    }
    MLFF_EACH_GROUP(c, f, 1) {
      MLFF_EACH_OF_GROUP(u, 1) {
        const real v95 = tile[5 * kTile + t * 1];
        atom_energy[i] = v95;
      }
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 16 * kTile, nullptr, c35, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 1>(c36), tile + 0 * kTile);
  linear_tile<8, 8, 1, 1>(rows, tile + 96 * kTile, nullptr, c36, 1.0f, nullptr, true, ring,
                          first_steps<8, 8, 2, 1>(c37), tile + 0 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g110 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      const Group<8> g85 = group_at<8>(&tile[80 * kTile + t * 8 + f]);
      Group<8> r117;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v110 = g110.value[u];
        const real v85 = g85.value[u];
        const real v111 = m_sigmoid(v85);
        const real v112 = -v111;
        const real v113 = 1.0f + v112;
        const real v114 = v85 * v113;
        const real v115 = 1.0f + v114;
        const real v116 = v111 * v115;
        const real v117 = v110 * v116;
        r117.value[u] = v117;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r117);
    }
  }
  block_barrier();
  linear_tile<8, 8, 2, 1>(rows, tile + 0 * kTile, nullptr, c37, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 3>(c38), tile + 16 * kTile, tile + 24 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g105 = group_at<8>(&tile[96 * kTile + t * 8 + f]);
      const Group<8> g118 = group_at<8>(&tile[16 * kTile + t * 8 + f]);
      const Group<8> g80x = group_at<8>(&tile[32 * kTile + t * 24 + f]);
      const Group<8> g80y = group_at<8>(&tile[32 * kTile + t * 24 + 8 + f]);
      const Group<8> g80z = group_at<8>(&tile[32 * kTile + t * 24 + 16 + f]);
      const Group<8> g120 = group_at<8>(&tile[24 * kTile + t * 8 + f]);
      const Group<8> g82 = group_at<8>(&tile[8 * kTile + t * 8 + f]);
      const Group<8> g81x = group_at<8>(&tile[56 * kTile + t * 24 + f]);
      const Group<8> g81y = group_at<8>(&tile[56 * kTile + t * 24 + 8 + f]);
      const Group<8> g81z = group_at<8>(&tile[56 * kTile + t * 24 + 16 + f]);
      const Group<8> g87 = group_at<8>(&tile[88 * kTile + t * 8 + f]);
      Group<8> r119;
      Group<8> r127x;
      Group<8> r127y;
      Group<8> r127z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v105 = g105.value[u];
        const real v118 = g118.value[u];
        const real v119 = v105 + v118;
        const real v80x = g80x.value[u];
        const real v80y = g80y.value[u];
        const real v80z = g80z.value[u];
        const real v120 = g120.value[u];
        const real v82 = g82.value[u];
        const real v83 = 1e-08f + v82;
        const real v121 = m_rsqrt(v83);
        const real v123 = v121 * 0.5f;
        const real v124 = v120 * v123;
        const real v125x = v80x * v124;
        const real v125y = v80y * v124;
        const real v125z = v80z * v124;
        const real v81x = g81x.value[u];
        const real v81y = g81y.value[u];
        const real v81z = g81z.value[u];
        const real v87 = g87.value[u];
        const real v107 = v87 * v105;
        const real v108x = v81x * v107;
        const real v108y = v81y * v107;
        const real v108z = v81z * v107;
        const real v126x = v125x + v108x;
        const real v126y = v125y + v108y;
        const real v126z = v125z + v108z;
        const real v127x = v126x + v125x;
        const real v127y = v126y + v125y;
        const real v127z = v126z + v125z;
        r119.value[u] = v119;
        r127x.value[u] = v127x;
        r127y.value[u] = v127y;
        r127z.value[u] = v127z;
      }
      put_group<8>(&b12[row_of(i, 8) + f], r119);
      put_group<8>(&tile[32 * kTile + t * 24 + f], r127x);
      put_group<8>(&tile[32 * kTile + t * 24 + 8 + f], r127y);
      put_group<8>(&tile[32 * kTile + t * 24 + 16 + f], r127z);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 3>(rows * 3, tile + 104 * kTile, nullptr, c38, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 3>(c39), b13 + row_of(first, 24));
  linear_tile<8, 8, 1, 3>(rows * 3, tile + 32 * kTile, nullptr, c39, 1.0f, nullptr, true, ring, no_steps(),
                          b13 + row_of(first, 24));
  block_barrier();
}

MLFF_KERNEL(phase_2, 1, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT pair_begin,
            const int* MLFF_RESTRICT pair_neighbour, const real* MLFF_RESTRICT pair_geometry,
            real* MLFF_RESTRICT pair_gradient, const real* MLFF_RESTRICT c1, const real* MLFF_RESTRICT c19,
            const real* MLFF_RESTRICT c20, const real* MLFF_RESTRICT c21, const real* MLFF_RESTRICT c22,
            const real* MLFF_RESTRICT c23, const real* MLFF_RESTRICT c24, const real* MLFF_RESTRICT c40,
            const real* MLFF_RESTRICT c41, const real* MLFF_RESTRICT c42, const real* MLFF_RESTRICT c43,
            const real* MLFF_RESTRICT c44, const real* MLFF_RESTRICT c45, const real* MLFF_RESTRICT c46,
            const real* MLFF_RESTRICT c47, const real* MLFF_RESTRICT c48, const real* MLFF_RESTRICT c49,
            const real* MLFF_RESTRICT b0, const real* MLFF_RESTRICT b1, const real* MLFF_RESTRICT b2,
            const real* MLFF_RESTRICT b3, const real* MLFF_RESTRICT b5, const real* MLFF_RESTRICT b6,
            const real* MLFF_RESTRICT b7, const real* MLFF_RESTRICT b8, const real* MLFF_RESTRICT b9,
            const real* MLFF_RESTRICT b10, const real* MLFF_RESTRICT b11, const real* MLFF_RESTRICT b12,
            const real* MLFF_RESTRICT b13, real* MLFF_RESTRICT b14, real* MLFF_RESTRICT b15) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real v5;
    real v8[5];
    real v23;
    real v178;
    real v185[5];
    real v202;
    int j, row;
  };
  constexpr int kTileNumbers = 104;  // of tile arrays, an atom
  constexpr int kSumNumbers = 4;     // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 0;    // of team arrays, a pair of a batch
  constexpr int kRing = kRingReals;  // reals of weights on their way
  constexpr int kTileReals = whole_quads(kTile * kTileNumbers);
  constexpr int kRecordReals = kPairChunk * (int)(sizeof(Record) / sizeof(real));
  constexpr int kTeamReals =
      whole_quads(kRecordReals + kPairChunk * kWarps * kSumNumbers + kPairBatch * kTeamNumbers + kTeamScratch);
  MLFF_SHARED(shared, kRing + kTileReals + kTeams * kTeamReals);
  [[maybe_unused]] real* const ring = shared;
  [[maybe_unused]] real* const tile = shared + kRing;
  [[maybe_unused]] Record* const record = (Record*)(tile + kTileReals + team() * kTeamReals);
  [[maybe_unused]] real* const sums = (real*)record + kRecordReals;
  [[maybe_unused]] real* const team_array = sums + kPairChunk * kWarps * kSumNumbers;
  [[maybe_unused]] real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  fetch_ahead(ring, first_steps<8, 8, 1, 1>(c40));
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a131x[slots<8>()] = {};
    real a131y[slots<8>()] = {};
    real a131z[slots<8>()] = {};
    real a137[slots<8>()] = {};
    real a141[slots<8>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real v5 = m_reciprocal(p.r);
        const real v10 = p.r * 0.2f;
        const real v12 = power<6>(v10);
        const real v14 = v12 * (-28.0f);
        const real v21 = 1.0f + v14;
        const real v15 = power<7>(v10);
        const real v17 = v15 * 48.0f;
        const real v22 = v21 + v17;
        const real v18 = power<8>(v10);
        const real v20 = v18 * (-21.0f);
        const real v23 = v22 + v20;
        const real v178 = power<2>(v5);
        const real v189 = v15 * 8.0f;
        const real v190 = 0.2f * v189;
        const real v191 = (-21.0f) * v190;
        const real v193 = v12 * 7.0f;
        const real v194 = 0.2f * v193;
        const real v195 = 48.0f * v194;
        const real v201 = v191 + v195;
        const real v196 = power<5>(v10);
        const real v198 = v196 * 6.0f;
        const real v199 = 0.2f * v198;
        const real v200 = (-28.0f) * v199;
        const real v202 = v201 + v200;
        p.v5 = v5;
        p.v23 = v23;
        p.v178 = v178;
        p.v202 = v202;
      }
      team_barrier();
      MLFF_EACH_PAIR_CHANNEL(e, f, count, 5) {
        Record& p = record[e];
        const real v2 = c1[f];
        const real v3 = p.r * v2;
        const real v4 = m_sin(v3);
        const real v5 = p.v5;
        const real v6 = v4 * v5;
        const real v8 = v6 * 0.632455532f;
        const real v178 = p.v178;
        const real v179 = v4 * v178;
        const real v180 = -v179;
        const real v181 = m_cos(v3);
        const real v182 = v2 * v181;
        const real v183 = v5 * v182;
        const real v184 = v180 + v183;
        const real v185 = 0.632455532f * v184;
        p.v8[f] = v8;
        p.v185[f] = v185;
      }
      team_barrier();
      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        real part0[E * 4] = {};
        MLFF_EACH_GROUP(c, f, 8) {
          const Group<8> g74x = group_at<8>(&b9[row_of(i, 24) + f]);
          const Group<8> g74y = group_at<8>(&b9[row_of(i, 24) + 8 + f]);
          const Group<8> g74z = group_at<8>(&b9[row_of(i, 24) + 16 + f]);
          const Group<8> g60 = group_at<8>(&b6[row_of(i, 8) + f]);
          const Group<8> g65 = group_at<8>(&b7[row_of(i, 8) + f]);
          Group<8> m68[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m68[e] = group_at<8>(c23 + f);
          MLFF_UNROLL for (int k = 0; k < 5; ++k) {
            const Group<8> w = group_at<8>(c24 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m68[e], pair[e].v8[k], w);
          }
          Group<8> m63[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m63[e] = group_at<8>(c21 + f);
          MLFF_UNROLL for (int k = 0; k < 5; ++k) {
            const Group<8> w = group_at<8>(c22 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m63[e], pair[e].v8[k], w);
          }
          Group<8> m58[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m58[e] = group_at<8>(c19 + f);
          MLFF_UNROLL for (int k = 0; k < 5; ++k) {
            const Group<8> w = group_at<8>(c20 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m58[e], pair[e].v8[k], w);
          }
          Group<8> m217[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m217[e] = Group<8>{};
          MLFF_UNROLL for (int k = 0; k < 5; ++k) {
            const Group<8> w = group_at<8>(c24 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m217[e], pair[e].v185[k], w);
          }
          Group<8> m209[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m209[e] = Group<8>{};
          MLFF_UNROLL for (int k = 0; k < 5; ++k) {
            const Group<8> w = group_at<8>(c20 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m209[e], pair[e].v185[k], w);
          }
          Group<8> m213[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m213[e] = Group<8>{};
          MLFF_UNROLL for (int k = 0; k < 5; ++k) {
            const Group<8> w = group_at<8>(c22 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m213[e], pair[e].v185[k], w);
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<8> g129x = group_at<8>(&b13[row_of(p.j, 24) + f]);
            const Group<8> g129y = group_at<8>(&b13[row_of(p.j, 24) + 8 + f]);
            const Group<8> g129z = group_at<8>(&b13[row_of(p.j, 24) + 16 + f]);
            const Group<8> g139 = group_at<8>(&b12[row_of(p.j, 8) + f]);
            MLFF_EACH_OF_GROUP(u, 8) {
              const real v74x = g74x.value[u];
              const real v74y = g74y.value[u];
              const real v74z = g74z.value[u];
              const real v60 = g60.value[u];
              const real v65 = g65.value[u];
              const real v23 = p.v23;
              const real v69 = v23 * m68[e].value[u];
              const real v129x = g129x.value[u];
              const real v129y = g129y.value[u];
              const real v129z = g129z.value[u];
              const real v130x = v69 * v129x;
              const real v130y = v69 * v129y;
              const real v130z = v69 * v129z;
              const real v64 = v23 * m63[e].value[u];
              const real v135 = p.ux * v129x + p.uy * v129y + p.uz * v129z;
              const real v136 = v64 * v135;
              const real v59 = v23 * m58[e].value[u];
              const real v139 = g139.value[u];
              const real v140 = v59 * v139;
              const real v218 = v23 * m217[e].value[u];
              const real v202 = p.v202;
              const real v219 = m68[e].value[u] * v202;
              const real v220 = v218 + v219;
              const real v222 = v129x * v74x + v129y * v74y + v129z * v74z;
              const real v223 = v220 * v222;
              const real v210 = v23 * m209[e].value[u];
              const real v211 = m58[e].value[u] * v202;
              const real v212 = v210 + v211;
              const real v225 = v139 * v212;
              const real v226 = v60 * v225;
              const real v231 = v223 + v226;
              const real v214 = v23 * m213[e].value[u];
              const real v215 = m63[e].value[u] * v202;
              const real v216 = v214 + v215;
              const real v228 = v135 * v216;
              const real v229 = v65 * v228;
              const real v230 = -v229;
              const real v232 = v231 + v230;
              const real v236 = v64 * v65;
              const real v237x = v129x * v236;
              const real v237y = v129y * v236;
              const real v237z = v129z * v236;
              a131x[c + u] += v130x;
              a131y[c + u] += v130y;
              a131z[c + u] += v130z;
              a137[c + u] += v136;
              a141[c + u] += v140;
              part0[e * 4 + 0] += v232;
              part0[e * 4 + 1] += v237x;
              part0[e * 4 + 2] += v237y;
              part0[e * 4 + 3] += v237z;
            }
          }
        }
        leave_sums<4>(sums, p0, part0);
      };
      int p0 = 0;
      constexpr int kBatch = kHeavyPairBatch;
      for (; p0 + kBatch <= count; p0 += kBatch) batch(Count<kBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
      MLFF_EACH_PAIR(e, count) {
        const Record& p = record[e];
        const int q = q0 + e;
        const real v233 = left_sum<4>(sums, e, 0);
        const real v238x = left_sum<4>(sums, e, 1);
        const real v238y = left_sum<4>(sums, e, 2);
        const real v238z = left_sum<4>(sums, e, 3);
        const real v234x = p.ux * v233;
        const real v234y = p.uy * v233;
        const real v234z = p.uz * v233;
        const real v235x = -v234x;
        const real v235y = -v234y;
        const real v235z = -v234z;
        const real v5 = p.v5;
        const real v239 = p.ux * v238x + p.uy * v238y + p.uz * v238z;
        const real v240x = p.ux * v239;
        const real v240y = p.uy * v239;
        const real v240z = p.uz * v239;
        const real v241x = -v240x;
        const real v241y = -v240y;
        const real v241z = -v240z;
        const real v242x = v238x + v241x;
        const real v242y = v238y + v241y;
        const real v242z = v238z + v241z;
        const real v243x = v5 * v242x;
        const real v243y = v5 * v242y;
        const real v243z = v5 * v242z;
        const real v244x = v235x + v243x;
        const real v244y = v235y + v243y;
        const real v244z = v235z + v243z;
        pair_gradient[row_of(q, 3)] = v244x;
        pair_gradient[row_of(q, 3) + 1] = v244y;
        pair_gradient[row_of(q, 3) + 2] = v244z;
      }
    }
    MLFF_EACH_GROUP(c, f, 8) {
      put_group<8>(&tile[0 * kTile + t * 24 + f], group_of_slots<8>(a131x, c));
      put_group<8>(&tile[0 * kTile + t * 24 + 8 + f], group_of_slots<8>(a131y, c));
      put_group<8>(&tile[0 * kTile + t * 24 + 16 + f], group_of_slots<8>(a131z, c));
    }
    MLFF_EACH_GROUP(c, f, 8) { put_group<8>(&tile[24 * kTile + t * 8 + f], group_of_slots<8>(a137, c)); }
    MLFF_EACH_GROUP(c, f, 8) { put_group<8>(&tile[32 * kTile + t * 8 + f], group_of_slots<8>(a141, c)); }
  }
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g128x = group_at<8>(&b13[row_of(i, 24) + f]);
      const Group<8> g128y = group_at<8>(&b13[row_of(i, 24) + 8 + f]);
      const Group<8> g128z = group_at<8>(&b13[row_of(i, 24) + 16 + f]);
      const Group<8> g70 = group_at<8>(&b8[row_of(i, 8) + f]);
      const Group<8> g131x = group_at<8>(&tile[0 * kTile + t * 24 + f]);
      const Group<8> g131y = group_at<8>(&tile[0 * kTile + t * 24 + 8 + f]);
      const Group<8> g131z = group_at<8>(&tile[0 * kTile + t * 24 + 16 + f]);
      const Group<8> g55x = group_at<8>(&b5[row_of(i, 24) + f]);
      const Group<8> g55y = group_at<8>(&b5[row_of(i, 24) + 8 + f]);
      const Group<8> g55z = group_at<8>(&b5[row_of(i, 24) + 16 + f]);
      const Group<8> g137 = group_at<8>(&tile[24 * kTile + t * 8 + f]);
      const Group<8> g40x = group_at<8>(&b1[row_of(i, 24) + f]);
      const Group<8> g40y = group_at<8>(&b1[row_of(i, 24) + 8 + f]);
      const Group<8> g40z = group_at<8>(&b1[row_of(i, 24) + 16 + f]);
      Group<8> r133x;
      Group<8> r133y;
      Group<8> r133z;
      Group<8> r134;
      Group<8> r138;
      Group<8> r153;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v128x = g128x.value[u];
        const real v128y = g128y.value[u];
        const real v128z = g128z.value[u];
        const real v70 = g70.value[u];
        const real v131x = g131x.value[u];
        const real v131y = g131y.value[u];
        const real v131z = g131z.value[u];
        const real v132x = v70 * v131x;
        const real v132y = v70 * v131y;
        const real v132z = v70 * v131z;
        const real v133x = v128x + v132x;
        const real v133y = v128y + v132y;
        const real v133z = v128z + v132z;
        const real v55x = g55x.value[u];
        const real v55y = g55y.value[u];
        const real v55z = g55z.value[u];
        const real v134 = v55x * v131x + v55y * v131y + v55z * v131z;
        const real v137 = g137.value[u];
        const real v138 = -v137;
        const real v40x = g40x.value[u];
        const real v40y = g40y.value[u];
        const real v40z = g40z.value[u];
        const real v153 = v40x * v133x + v40y * v133y + v40z * v133z;
        r133x.value[u] = v133x;
        r133y.value[u] = v133y;
        r133z.value[u] = v133z;
        r134.value[u] = v134;
        r138.value[u] = v138;
        r153.value[u] = v153;
      }
      put_group<8>(&tile[0 * kTile + t * 24 + f], r133x);
      put_group<8>(&tile[0 * kTile + t * 24 + 8 + f], r133y);
      put_group<8>(&tile[0 * kTile + t * 24 + 16 + f], r133z);
      put_group<8>(&tile[24 * kTile + t * 8 + f], r134);
      put_group<8>(&tile[40 * kTile + t * 8 + f], r138);
      put_group<8>(&tile[48 * kTile + t * 8 + f], r153);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 24 * kTile, nullptr, c40, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 1>(c41), tile + 56 * kTile);
  linear_tile<8, 8, 1, 1>(rows, tile + 40 * kTile, nullptr, c41, 1.0f, nullptr, true, ring,
                          first_steps<8, 8, 1, 1>(c42), tile + 56 * kTile);
  linear_tile<8, 8, 1, 1>(rows, tile + 32 * kTile, nullptr, c42, 1.0f, nullptr, true, ring,
                          first_steps<8, 8, 1, 1>(c43), tile + 56 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g142 = group_at<8>(&tile[56 * kTile + t * 8 + f]);
      const Group<8> g148 = group_at<8>(&b10[row_of(i, 8) + f]);
      Group<8> r149;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v142 = g142.value[u];
        const real v148 = g148.value[u];
        const real v149 = v142 * v148;
        r149.value[u] = v149;
      }
      put_group<8>(&tile[24 * kTile + t * 8 + f], r149);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 24 * kTile, nullptr, c43, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 1>(c44), tile + 32 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g119 = group_at<8>(&b12[row_of(i, 8) + f]);
      const Group<8> g150 = group_at<8>(&tile[32 * kTile + t * 8 + f]);
      const Group<8> g39x = group_at<8>(&b0[row_of(i, 24) + f]);
      const Group<8> g39y = group_at<8>(&b0[row_of(i, 24) + 8 + f]);
      const Group<8> g39z = group_at<8>(&b0[row_of(i, 24) + 16 + f]);
      const Group<8> g40x = group_at<8>(&b1[row_of(i, 24) + f]);
      const Group<8> g40y = group_at<8>(&b1[row_of(i, 24) + 8 + f]);
      const Group<8> g40z = group_at<8>(&b1[row_of(i, 24) + 16 + f]);
      const Group<8> g47 = group_at<8>(&b2[row_of(i, 8) + f]);
      const Group<8> g133x = group_at<8>(&tile[0 * kTile + t * 24 + f]);
      const Group<8> g133y = group_at<8>(&tile[0 * kTile + t * 24 + 8 + f]);
      const Group<8> g133z = group_at<8>(&tile[0 * kTile + t * 24 + 16 + f]);
      const Group<8> g48 = group_at<8>(&b3[row_of(i, 8) + f]);
      Group<8> r151;
      Group<8> r154;
      Group<8> r158x;
      Group<8> r158y;
      Group<8> r158z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v119 = g119.value[u];
        const real v150 = g150.value[u];
        const real v151 = v119 + v150;
        const real v39x = g39x.value[u];
        const real v39y = g39y.value[u];
        const real v39z = g39z.value[u];
        const real v40x = g40x.value[u];
        const real v40y = g40y.value[u];
        const real v40z = g40z.value[u];
        const real v49 = v39x * v40x + v39y * v40y + v39z * v40z;
        const real v154 = v49 * v151;
        const real v47 = g47.value[u];
        const real v133x = g133x.value[u];
        const real v133y = g133y.value[u];
        const real v133z = g133z.value[u];
        const real v152x = v47 * v133x;
        const real v152y = v47 * v133y;
        const real v152z = v47 * v133z;
        const real v48 = g48.value[u];
        const real v155 = v48 * v151;
        const real v157x = v39x * v155;
        const real v157y = v39y * v155;
        const real v157z = v39z * v155;
        const real v158x = v152x + v157x;
        const real v158y = v152y + v157y;
        const real v158z = v152z + v157z;
        r151.value[u] = v151;
        r154.value[u] = v154;
        r158x.value[u] = v158x;
        r158y.value[u] = v158y;
        r158z.value[u] = v158z;
      }
      put_group<8>(&tile[24 * kTile + t * 8 + f], r151);
      put_group<8>(&tile[32 * kTile + t * 8 + f], r154);
      put_group<8>(&tile[56 * kTile + t * 24 + f], r158x);
      put_group<8>(&tile[56 * kTile + t * 24 + 8 + f], r158y);
      put_group<8>(&tile[56 * kTile + t * 24 + 16 + f], r158z);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 32 * kTile, nullptr, c44, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 1>(c45), tile + 40 * kTile);
  linear_tile<8, 8, 1, 1>(rows, tile + 48 * kTile, nullptr, c45, 1.0f, nullptr, true, ring,
                          first_steps<8, 8, 1, 1>(c46), tile + 40 * kTile);
  linear_tile<8, 8, 1, 1>(rows, tile + 24 * kTile, nullptr, c46, 1.0f, nullptr, true, ring,
                          first_steps<8, 8, 2, 1>(c47), tile + 40 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g159 = group_at<8>(&tile[40 * kTile + t * 8 + f]);
      const Group<8> g165 = group_at<8>(&b11[row_of(i, 8) + f]);
      Group<8> r166;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v159 = g159.value[u];
        const real v165 = g165.value[u];
        const real v166 = v159 * v165;
        r166.value[u] = v166;
      }
      put_group<8>(&tile[32 * kTile + t * 8 + f], r166);
    }
  }
  block_barrier();
  linear_tile<8, 8, 2, 1>(rows, tile + 32 * kTile, nullptr, c47, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 3>(c48), tile + 40 * kTile, tile + 48 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g151 = group_at<8>(&tile[24 * kTile + t * 8 + f]);
      const Group<8> g167 = group_at<8>(&tile[40 * kTile + t * 8 + f]);
      const Group<8> g39x = group_at<8>(&b0[row_of(i, 24) + f]);
      const Group<8> g39y = group_at<8>(&b0[row_of(i, 24) + 8 + f]);
      const Group<8> g39z = group_at<8>(&b0[row_of(i, 24) + 16 + f]);
      const Group<8> g169 = group_at<8>(&tile[48 * kTile + t * 8 + f]);
      const Group<8> g40x = group_at<8>(&b1[row_of(i, 24) + f]);
      const Group<8> g40y = group_at<8>(&b1[row_of(i, 24) + 8 + f]);
      const Group<8> g40z = group_at<8>(&b1[row_of(i, 24) + 16 + f]);
      const Group<8> g48 = group_at<8>(&b3[row_of(i, 8) + f]);
      Group<8> r168;
      Group<8> r175x;
      Group<8> r175y;
      Group<8> r175z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v151 = g151.value[u];
        const real v167 = g167.value[u];
        const real v168 = v151 + v167;
        const real v39x = g39x.value[u];
        const real v39y = g39y.value[u];
        const real v39z = g39z.value[u];
        const real v169 = g169.value[u];
        const real v41 = v39x * v39x + v39y * v39y + v39z * v39z;
        const real v43 = v41 + 1e-08f;
        const real v170 = m_rsqrt(v43);
        const real v171 = 0.5f * v170;
        const real v172 = v169 * v171;
        const real v173x = v39x * v172;
        const real v173y = v39y * v172;
        const real v173z = v39z * v172;
        const real v40x = g40x.value[u];
        const real v40y = g40y.value[u];
        const real v40z = g40z.value[u];
        const real v48 = g48.value[u];
        const real v155 = v48 * v151;
        const real v156x = v40x * v155;
        const real v156y = v40y * v155;
        const real v156z = v40z * v155;
        const real v174x = v173x + v156x;
        const real v174y = v173y + v156y;
        const real v174z = v173z + v156z;
        const real v175x = v174x + v173x;
        const real v175y = v174y + v173y;
        const real v175z = v174z + v173z;
        r168.value[u] = v168;
        r175x.value[u] = v175x;
        r175y.value[u] = v175y;
        r175z.value[u] = v175z;
      }
      put_group<8>(&b14[row_of(i, 8) + f], r168);
      put_group<8>(&tile[80 * kTile + t * 24 + f], r175x);
      put_group<8>(&tile[80 * kTile + t * 24 + 8 + f], r175y);
      put_group<8>(&tile[80 * kTile + t * 24 + 16 + f], r175z);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 3>(rows * 3, tile + 56 * kTile, nullptr, c48, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 3>(c49), tile + 24 * kTile);
  linear_tile<8, 8, 1, 3>(rows * 3, tile + 80 * kTile, nullptr, c49, 1.0f, nullptr, true, ring, no_steps(),
                          tile + 24 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g133x = group_at<8>(&tile[0 * kTile + t * 24 + f]);
      const Group<8> g133y = group_at<8>(&tile[0 * kTile + t * 24 + 8 + f]);
      const Group<8> g133z = group_at<8>(&tile[0 * kTile + t * 24 + 16 + f]);
      const Group<8> g176x = group_at<8>(&tile[24 * kTile + t * 24 + f]);
      const Group<8> g176y = group_at<8>(&tile[24 * kTile + t * 24 + 8 + f]);
      const Group<8> g176z = group_at<8>(&tile[24 * kTile + t * 24 + 16 + f]);
      Group<8> r177x;
      Group<8> r177y;
      Group<8> r177z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v133x = g133x.value[u];
        const real v133y = g133y.value[u];
        const real v133z = g133z.value[u];
        const real v176x = g176x.value[u];
        const real v176y = g176y.value[u];
        const real v176z = g176z.value[u];
        const real v177x = v133x + v176x;
        const real v177y = v133y + v176y;
        const real v177z = v133z + v176z;
        r177x.value[u] = v177x;
        r177y.value[u] = v177y;
        r177z.value[u] = v177z;
      }
      put_group<8>(&b15[row_of(i, 24) + f], r177x);
      put_group<8>(&b15[row_of(i, 24) + 8 + f], r177y);
      put_group<8>(&b15[row_of(i, 24) + 16 + f], r177z);
    }
  }
  block_barrier();
}

MLFF_KERNEL(phase_3, 1, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT element,
            const int* MLFF_RESTRICT pair_begin, const int* MLFF_RESTRICT pair_neighbour,
            const real* MLFF_RESTRICT pair_geometry, real* MLFF_RESTRICT pair_gradient, const real* MLFF_RESTRICT c1,
            const real* MLFF_RESTRICT c2, const real* MLFF_RESTRICT c3, const real* MLFF_RESTRICT c4,
            const real* MLFF_RESTRICT c5, const real* MLFF_RESTRICT c6, const real* MLFF_RESTRICT c7,
            const real* MLFF_RESTRICT b14, const real* MLFF_RESTRICT b15) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real v5;
    real v8[5];
    real v23;
    real v178;
    real v185[5];
    real v202;
    int j, row;
  };
  constexpr int kTileNumbers = 0;  // of tile arrays, an atom
  constexpr int kSumNumbers = 4;   // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 0;  // of team arrays, a pair of a batch
  constexpr int kRing = 0;         // reals of weights on their way
  constexpr int kTileReals = whole_quads(kTile * kTileNumbers);
  constexpr int kRecordReals = kPairChunk * (int)(sizeof(Record) / sizeof(real));
  constexpr int kTeamReals =
      whole_quads(kRecordReals + kPairChunk * kWarps * kSumNumbers + kPairBatch * kTeamNumbers + kTeamScratch);
  MLFF_SHARED(shared, kRing + kTileReals + kTeams * kTeamReals);
  [[maybe_unused]] real* const ring = shared;
  [[maybe_unused]] real* const tile = shared + kRing;
  [[maybe_unused]] Record* const record = (Record*)(tile + kTileReals + team() * kTeamReals);
  [[maybe_unused]] real* const sums = (real*)record + kRecordReals;
  [[maybe_unused]] real* const team_array = sums + kPairChunk * kWarps * kSumNumbers;
  [[maybe_unused]] real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;

    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real v5 = m_reciprocal(p.r);
        const real v10 = p.r * 0.2f;
        const real v12 = power<6>(v10);
        const real v14 = v12 * (-28.0f);
        const real v21 = 1.0f + v14;
        const real v15 = power<7>(v10);
        const real v17 = v15 * 48.0f;
        const real v22 = v21 + v17;
        const real v18 = power<8>(v10);
        const real v20 = v18 * (-21.0f);
        const real v23 = v22 + v20;
        const real v178 = power<2>(v5);
        const real v189 = v15 * 8.0f;
        const real v190 = 0.2f * v189;
        const real v191 = (-21.0f) * v190;
        const real v193 = v12 * 7.0f;
        const real v194 = 0.2f * v193;
        const real v195 = 48.0f * v194;
        const real v201 = v191 + v195;
        const real v196 = power<5>(v10);
        const real v198 = v196 * 6.0f;
        const real v199 = 0.2f * v198;
        const real v200 = (-28.0f) * v199;
        const real v202 = v201 + v200;
        p.v5 = v5;
        p.v23 = v23;
        p.v178 = v178;
        p.v202 = v202;
      }
      team_barrier();
      MLFF_EACH_PAIR_CHANNEL(e, f, count, 5) {
        Record& p = record[e];
        const real v2 = c1[f];
        const real v3 = p.r * v2;
        const real v4 = m_sin(v3);
        const real v5 = p.v5;
        const real v6 = v4 * v5;
        const real v8 = v6 * 0.632455532f;
        const real v178 = p.v178;
        const real v179 = v4 * v178;
        const real v180 = -v179;
        const real v181 = m_cos(v3);
        const real v182 = v2 * v181;
        const real v183 = v5 * v182;
        const real v184 = v180 + v183;
        const real v185 = 0.632455532f * v184;
        p.v8[f] = v8;
        p.v185[f] = v185;
      }
      team_barrier();
      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        real part0[E * 4] = {};
        MLFF_EACH_GROUP(c, f, 8) {
          const Group<8> g26 = group_at<8>(&c4[row_of(element[i], 8) + f]);
          const Group<8> g31 = group_at<8>(&c7[row_of(element[i], 8) + f]);
          Group<8> m186[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m186[e] = Group<8>{};
          MLFF_UNROLL for (int k = 0; k < 5; ++k) {
            const Group<8> w = group_at<8>(c3 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m186[e], pair[e].v185[k], w);
          }
          Group<8> m24[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m24[e] = group_at<8>(c2 + f);
          MLFF_UNROLL for (int k = 0; k < 5; ++k) {
            const Group<8> w = group_at<8>(c3 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m24[e], pair[e].v8[k], w);
          }
          Group<8> m205[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m205[e] = Group<8>{};
          MLFF_UNROLL for (int k = 0; k < 5; ++k) {
            const Group<8> w = group_at<8>(c6 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m205[e], pair[e].v185[k], w);
          }
          Group<8> m29[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m29[e] = group_at<8>(c5 + f);
          MLFF_UNROLL for (int k = 0; k < 5; ++k) {
            const Group<8> w = group_at<8>(c6 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m29[e], pair[e].v8[k], w);
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<8> g246 = group_at<8>(&b14[row_of(p.j, 8) + f]);
            const Group<8> g250x = group_at<8>(&b15[row_of(p.j, 24) + f]);
            const Group<8> g250y = group_at<8>(&b15[row_of(p.j, 24) + 8 + f]);
            const Group<8> g250z = group_at<8>(&b15[row_of(p.j, 24) + 16 + f]);
            MLFF_EACH_OF_GROUP(u, 8) {
              const real v26 = g26.value[u];
              const real v31 = g31.value[u];
              const real v23 = p.v23;
              const real v187 = v23 * m186[e].value[u];
              const real v202 = p.v202;
              const real v203 = m24[e].value[u] * v202;
              const real v204 = v187 + v203;
              const real v246 = g246.value[u];
              const real v247 = v204 * v246;
              const real v248 = v26 * v247;
              const real v206 = v23 * m205[e].value[u];
              const real v207 = m29[e].value[u] * v202;
              const real v208 = v206 + v207;
              const real v250x = g250x.value[u];
              const real v250y = g250y.value[u];
              const real v250z = g250z.value[u];
              const real v251 = p.ux * v250x + p.uy * v250y + p.uz * v250z;
              const real v252 = v208 * v251;
              const real v253 = v31 * v252;
              const real v254 = -v253;
              const real v255 = v248 + v254;
              const real v30 = v23 * m29[e].value[u];
              const real v259 = v30 * v31;
              const real v260x = v250x * v259;
              const real v260y = v250y * v259;
              const real v260z = v250z * v259;
              part0[e * 4 + 0] += v255;
              part0[e * 4 + 1] += v260x;
              part0[e * 4 + 2] += v260y;
              part0[e * 4 + 3] += v260z;
            }
          }
        }
        leave_sums<4>(sums, p0, part0);
      };
      int p0 = 0;
      constexpr int kBatch = kPairBatch;
      for (; p0 + kBatch <= count; p0 += kBatch) batch(Count<kBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
      MLFF_EACH_PAIR(e, count) {
        const Record& p = record[e];
        const int q = q0 + e;
        const real v256 = left_sum<4>(sums, e, 0);
        const real v261x = left_sum<4>(sums, e, 1);
        const real v261y = left_sum<4>(sums, e, 2);
        const real v261z = left_sum<4>(sums, e, 3);
        const real v257x = p.ux * v256;
        const real v257y = p.uy * v256;
        const real v257z = p.uz * v256;
        const real v258x = -v257x;
        const real v258y = -v257y;
        const real v258z = -v257z;
        const real v5 = p.v5;
        const real v262 = p.ux * v261x + p.uy * v261y + p.uz * v261z;
        const real v263x = p.ux * v262;
        const real v263y = p.uy * v262;
        const real v263z = p.uz * v262;
        const real v264x = -v263x;
        const real v264y = -v263y;
        const real v264z = -v263z;
        const real v265x = v261x + v264x;
        const real v265y = v261y + v264y;
        const real v265z = v261z + v264z;
        const real v266x = v5 * v265x;
        const real v266y = v5 * v265y;
        const real v266z = v5 * v265z;
        const real v267x = v258x + v266x;
        const real v267y = v258y + v266y;
        const real v267z = v258z + v266z;
        pair_gradient[row_of(q, 3)] += v267x;
        pair_gradient[row_of(q, 3) + 1] += v267y;
        pair_gradient[row_of(q, 3) + 2] += v267z;
      }
    }
  }
  block_barrier();
}
