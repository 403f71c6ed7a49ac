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
    real v30;
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
    real a41[slots<8>()] = {};
    real a45x[slots<8>()] = {};
    real a45y[slots<8>()] = {};
    real a45z[slots<8>()] = {};
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
        const real v13 = v10 * 21.0f;
        const real v14 = 15.0f + v13;
        const real v16 = v10 * v14;
        const real v17 = 10.0f + v16;
        const real v19 = v10 * v17;
        const real v20 = 6.0f + v19;
        const real v22 = v10 * v20;
        const real v23 = 3.0f + v22;
        const real v25 = v10 * v23;
        const real v26 = 1.0f + v25;
        const real v27 = -v10;
        const real v28 = 1.0f + v27;
        const real v29 = power<3>(v28);
        const real v30 = v26 * v29;
        p.v5 = v5;
        p.v30 = v30;
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
          Group<8> m31[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m31[e] = group_at<8>(c2 + f);
          MLFF_UNROLL for (int k = 0; k < 5; ++k) {
            const Group<8> w = group_at<8>(c3 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m31[e], pair[e].v8[k], w);
          }
          Group<8> m36[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m36[e] = group_at<8>(c5 + f);
          MLFF_UNROLL for (int k = 0; k < 5; ++k) {
            const Group<8> w = group_at<8>(c6 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m36[e], pair[e].v8[k], w);
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<8> g34 = group_at<8>(&c4[row_of(element[p.j], 8) + f]);
            const Group<8> g39 = group_at<8>(&c7[row_of(element[p.j], 8) + f]);
            MLFF_EACH_OF_GROUP(u, 8) {
              const real v30 = p.v30;
              const real v32 = v30 * m31[e].value[u];
              const real v34 = g34.value[u];
              const real v35 = v32 * v34;
              const real v37 = v30 * m36[e].value[u];
              const real v39 = g39.value[u];
              const real v40 = v37 * v39;
              const real v44x = v40 * p.ux;
              const real v44y = v40 * p.uy;
              const real v44z = v40 * p.uz;
              a41[c + u] += v35;
              a45x[c + u] += v44x;
              a45y[c + u] += v44y;
              a45z[c + u] += v44z;
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
    MLFF_EACH_GROUP(c, f, 8) { put_group<8>(&tile[0 * kTile + t * 8 + f], group_of_slots<8>(a41, c)); }
    MLFF_EACH_GROUP(c, f, 8) {
      put_group<8>(&tile[8 * kTile + t * 24 + f], group_of_slots<8>(a45x, c));
      put_group<8>(&tile[8 * kTile + t * 24 + 8 + f], group_of_slots<8>(a45y, c));
      put_group<8>(&tile[8 * kTile + t * 24 + 16 + f], group_of_slots<8>(a45z, c));
    }
  }
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g0 = group_at<8>(&c8[row_of(element[i], 8) + f]);
      const Group<8> g41 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      Group<8> r42;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v0 = g0.value[u];
        const real v41 = g41.value[u];
        const real v42 = v0 + v41;
        r42.value[u] = v42;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r42);
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
      const Group<8> g46x = group_at<8>(&b0[row_of(i, 24) + f]);
      const Group<8> g46y = group_at<8>(&b0[row_of(i, 24) + 8 + f]);
      const Group<8> g46z = group_at<8>(&b0[row_of(i, 24) + 16 + f]);
      Group<8> r51;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v46x = g46x.value[u];
        const real v46y = g46y.value[u];
        const real v46z = g46z.value[u];
        const real v48 = v46x * v46x + v46y * v46y + v46z * v46z;
        const real v50 = v48 + 1e-08f;
        const real v51 = m_sqrt(v50);
        r51.value[u] = v51;
      }
      put_group<8>(&tile[32 * kTile + t * 8 + f], r51);
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
      const Group<8> g52 = group_at<8>(&tile[40 * kTile + t * 8 + f]);
      Group<8> r53;
      Group<8> r172;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v52 = g52.value[u];
        const real v53 = m_silu(v52);
        const real v167 = m_sigmoid(v52);
        const real v168 = -v167;
        const real v169 = 1.0f + v168;
        const real v170 = v52 * v169;
        const real v171 = 1.0f + v170;
        const real v172 = v167 * v171;
        r53.value[u] = v53;
        r172.value[u] = v172;
      }
      put_group<8>(&tile[32 * kTile + t * 8 + f], r53);
      put_group<8>(&b11[row_of(i, 8) + f], r172);
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
      const Group<8> g42 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      const Group<8> g55 = group_at<8>(&b3[row_of(i, 8) + f]);
      const Group<8> g46x = group_at<8>(&b0[row_of(i, 24) + f]);
      const Group<8> g46y = group_at<8>(&b0[row_of(i, 24) + 8 + f]);
      const Group<8> g46z = group_at<8>(&b0[row_of(i, 24) + 16 + f]);
      const Group<8> g47x = group_at<8>(&b1[row_of(i, 24) + f]);
      const Group<8> g47y = group_at<8>(&b1[row_of(i, 24) + 8 + f]);
      const Group<8> g47z = group_at<8>(&b1[row_of(i, 24) + 16 + f]);
      const Group<8> g59 = group_at<8>(&tile[40 * kTile + t * 8 + f]);
      const Group<8> g45x = group_at<8>(&tile[8 * kTile + t * 24 + f]);
      const Group<8> g45y = group_at<8>(&tile[8 * kTile + t * 24 + 8 + f]);
      const Group<8> g45z = group_at<8>(&tile[8 * kTile + t * 24 + 16 + f]);
      const Group<8> g54 = group_at<8>(&b2[row_of(i, 8) + f]);
      Group<8> r60;
      Group<8> r62x;
      Group<8> r62y;
      Group<8> r62z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v42 = g42.value[u];
        const real v55 = g55.value[u];
        const real v46x = g46x.value[u];
        const real v46y = g46y.value[u];
        const real v46z = g46z.value[u];
        const real v47x = g47x.value[u];
        const real v47y = g47y.value[u];
        const real v47z = g47z.value[u];
        const real v56 = v46x * v47x + v46y * v47y + v46z * v47z;
        const real v57 = v55 * v56;
        const real v58 = v42 + v57;
        const real v59 = g59.value[u];
        const real v60 = v58 + v59;
        const real v45x = g45x.value[u];
        const real v45y = g45y.value[u];
        const real v45z = g45z.value[u];
        const real v54 = g54.value[u];
        const real v61x = v47x * v54;
        const real v61y = v47y * v54;
        const real v61z = v47z * v54;
        const real v62x = v45x + v61x;
        const real v62y = v45y + v61y;
        const real v62z = v45z + v61z;
        r60.value[u] = v60;
        r62x.value[u] = v62x;
        r62y.value[u] = v62y;
        r62z.value[u] = v62z;
      }
      put_group<8>(&b4[row_of(i, 8) + f], r60);
      put_group<8>(&b5[row_of(i, 24) + f], r62x);
      put_group<8>(&b5[row_of(i, 24) + 8 + f], r62y);
      put_group<8>(&b5[row_of(i, 24) + 16 + f], r62z);
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
      const Group<8> g63 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      Group<8> r64;
      Group<8> r155;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v63 = g63.value[u];
        const real v64 = m_silu(v63);
        const real v150 = m_sigmoid(v63);
        const real v151 = -v150;
        const real v152 = 1.0f + v151;
        const real v153 = v63 * v152;
        const real v154 = 1.0f + v153;
        const real v155 = v150 * v154;
        r64.value[u] = v64;
        r155.value[u] = v155;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r64);
      put_group<8>(&b10[row_of(i, 8) + f], r155);
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
      const Group<8> g62x = group_at<8>(&b5[row_of(i, 24) + f]);
      const Group<8> g62y = group_at<8>(&b5[row_of(i, 24) + 8 + f]);
      const Group<8> g62z = group_at<8>(&b5[row_of(i, 24) + 16 + f]);
      const Group<8> g77 = group_at<8>(&b8[row_of(i, 8) + f]);
      Group<8> r81x;
      Group<8> r81y;
      Group<8> r81z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v62x = g62x.value[u];
        const real v62y = g62y.value[u];
        const real v62z = g62z.value[u];
        const real v77 = g77.value[u];
        const real v81x = v62x * v77;
        const real v81y = v62y * v77;
        const real v81z = v62z * v77;
        r81x.value[u] = v81x;
        r81y.value[u] = v81y;
        r81z.value[u] = v81z;
      }
      put_group<8>(&b9[row_of(i, 24) + f], r81x);
      put_group<8>(&b9[row_of(i, 24) + 8 + f], r81y);
      put_group<8>(&b9[row_of(i, 24) + 16 + f], r81z);
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
    real v30;
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
    real a78[slots<8>()] = {};
    real a85x[slots<8>()] = {};
    real a85y[slots<8>()] = {};
    real a85z[slots<8>()] = {};
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
        const real v13 = v10 * 21.0f;
        const real v14 = 15.0f + v13;
        const real v16 = v10 * v14;
        const real v17 = 10.0f + v16;
        const real v19 = v10 * v17;
        const real v20 = 6.0f + v19;
        const real v22 = v10 * v20;
        const real v23 = 3.0f + v22;
        const real v25 = v10 * v23;
        const real v26 = 1.0f + v25;
        const real v27 = -v10;
        const real v28 = 1.0f + v27;
        const real v29 = power<3>(v28);
        const real v30 = v26 * v29;
        p.v5 = v5;
        p.v30 = v30;
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
          Group<8> m65[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m65[e] = group_at<8>(c19 + f);
          MLFF_UNROLL for (int k = 0; k < 5; ++k) {
            const Group<8> w = group_at<8>(c20 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m65[e], pair[e].v8[k], w);
          }
          Group<8> m70[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m70[e] = group_at<8>(c21 + f);
          MLFF_UNROLL for (int k = 0; k < 5; ++k) {
            const Group<8> w = group_at<8>(c22 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m70[e], pair[e].v8[k], w);
          }
          Group<8> m75[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m75[e] = group_at<8>(c23 + f);
          MLFF_UNROLL for (int k = 0; k < 5; ++k) {
            const Group<8> w = group_at<8>(c24 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m75[e], pair[e].v8[k], w);
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<8> g68 = group_at<8>(&b6[row_of(p.j, 8) + f]);
            const Group<8> g73 = group_at<8>(&b7[row_of(p.j, 8) + f]);
            const Group<8> g82x = group_at<8>(&b9[row_of(p.j, 24) + f]);
            const Group<8> g82y = group_at<8>(&b9[row_of(p.j, 24) + 8 + f]);
            const Group<8> g82z = group_at<8>(&b9[row_of(p.j, 24) + 16 + f]);
            MLFF_EACH_OF_GROUP(u, 8) {
              const real v30 = p.v30;
              const real v66 = v30 * m65[e].value[u];
              const real v68 = g68.value[u];
              const real v69 = v66 * v68;
              const real v71 = v30 * m70[e].value[u];
              const real v73 = g73.value[u];
              const real v74 = v71 * v73;
              const real v80x = p.ux * v74;
              const real v80y = p.uy * v74;
              const real v80z = p.uz * v74;
              const real v76 = v30 * m75[e].value[u];
              const real v82x = g82x.value[u];
              const real v82y = g82y.value[u];
              const real v82z = g82z.value[u];
              const real v83x = v76 * v82x;
              const real v83y = v76 * v82y;
              const real v83z = v76 * v82z;
              const real v84x = v80x + v83x;
              const real v84y = v80y + v83y;
              const real v84z = v80z + v83z;
              a78[c + u] += v69;
              a85x[c + u] += v84x;
              a85y[c + u] += v84y;
              a85z[c + u] += v84z;
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
    MLFF_EACH_GROUP(c, f, 8) { put_group<8>(&tile[0 * kTile + t * 8 + f], group_of_slots<8>(a78, c)); }
    MLFF_EACH_GROUP(c, f, 8) {
      put_group<8>(&tile[8 * kTile + t * 24 + f], group_of_slots<8>(a85x, c));
      put_group<8>(&tile[8 * kTile + t * 24 + 8 + f], group_of_slots<8>(a85y, c));
      put_group<8>(&tile[8 * kTile + t * 24 + 16 + f], group_of_slots<8>(a85z, c));
    }
  }
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g60 = group_at<8>(&b4[row_of(i, 8) + f]);
      const Group<8> g78 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      const Group<8> g62x = group_at<8>(&b5[row_of(i, 24) + f]);
      const Group<8> g62y = group_at<8>(&b5[row_of(i, 24) + 8 + f]);
      const Group<8> g62z = group_at<8>(&b5[row_of(i, 24) + 16 + f]);
      const Group<8> g85x = group_at<8>(&tile[8 * kTile + t * 24 + f]);
      const Group<8> g85y = group_at<8>(&tile[8 * kTile + t * 24 + 8 + f]);
      const Group<8> g85z = group_at<8>(&tile[8 * kTile + t * 24 + 16 + f]);
      Group<8> r79;
      Group<8> r86x;
      Group<8> r86y;
      Group<8> r86z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v60 = g60.value[u];
        const real v78 = g78.value[u];
        const real v79 = v60 + v78;
        const real v62x = g62x.value[u];
        const real v62y = g62y.value[u];
        const real v62z = g62z.value[u];
        const real v85x = g85x.value[u];
        const real v85y = g85y.value[u];
        const real v85z = g85z.value[u];
        const real v86x = v62x + v85x;
        const real v86y = v62y + v85y;
        const real v86z = v62z + v85z;
        r79.value[u] = v79;
        r86x.value[u] = v86x;
        r86y.value[u] = v86y;
        r86z.value[u] = v86z;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r79);
      put_group<8>(&tile[8 * kTile + t * 24 + f], r86x);
      put_group<8>(&tile[8 * kTile + t * 24 + 8 + f], r86y);
      put_group<8>(&tile[8 * kTile + t * 24 + 16 + f], r86z);
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
      const Group<8> g87x = group_at<8>(&tile[32 * kTile + t * 24 + f]);
      const Group<8> g87y = group_at<8>(&tile[32 * kTile + t * 24 + 8 + f]);
      const Group<8> g87z = group_at<8>(&tile[32 * kTile + t * 24 + 16 + f]);
      const Group<8> g88x = group_at<8>(&tile[56 * kTile + t * 24 + f]);
      const Group<8> g88y = group_at<8>(&tile[56 * kTile + t * 24 + 8 + f]);
      const Group<8> g88z = group_at<8>(&tile[56 * kTile + t * 24 + 16 + f]);
      Group<8> r89;
      Group<8> r91;
      Group<8> r95;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v87x = g87x.value[u];
        const real v87y = g87y.value[u];
        const real v87z = g87z.value[u];
        const real v89 = v87x * v87x + v87y * v87y + v87z * v87z;
        const real v90 = 1e-08f + v89;
        const real v91 = m_sqrt(v90);
        const real v88x = g88x.value[u];
        const real v88y = g88y.value[u];
        const real v88z = g88z.value[u];
        const real v95 = v87x * v88x + v87y * v88y + v87z * v88z;
        r89.value[u] = v89;
        r91.value[u] = v91;
        r95.value[u] = v95;
      }
      put_group<8>(&tile[8 * kTile + t * 8 + f], r89);
      put_group<8>(&tile[16 * kTile + t * 8 + f], r91);
      put_group<8>(&tile[24 * kTile + t * 8 + f], r95);
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
      const Group<8> g92 = group_at<8>(&tile[80 * kTile + t * 8 + f]);
      Group<8> r93;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v92 = g92.value[u];
        const real v93 = m_silu(v92);
        r93.value[u] = v93;
      }
      put_group<8>(&tile[16 * kTile + t * 8 + f], r93);
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
      const Group<8> g79 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      const Group<8> g94 = group_at<8>(&tile[88 * kTile + t * 8 + f]);
      const Group<8> g95 = group_at<8>(&tile[24 * kTile + t * 8 + f]);
      const Group<8> g98 = group_at<8>(&tile[96 * kTile + t * 8 + f]);
      Group<8> r99;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v79 = g79.value[u];
        const real v94 = g94.value[u];
        const real v95 = g95.value[u];
        const real v96 = v94 * v95;
        const real v97 = v79 + v96;
        const real v98 = g98.value[u];
        const real v99 = v97 + v98;
        r99.value[u] = v99;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r99);
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
      const Group<5> g100 = group_at<5>(&tile[16 * kTile + t * 5 + f]);
      const Group<5> g104 = group_at<5>(&c33[f]);
      Group<5> r101;
      Group<5> r111;
      MLFF_EACH_OF_GROUP(u, 5) {
        const real v100 = g100.value[u];
        const real v101 = m_silu(v100);
        const real v104 = g104.value[u];
        const real v105 = m_sigmoid(v100);
        const real v106 = -v105;
        const real v107 = 1.0f + v106;
        const real v108 = v100 * v107;
        const real v109 = 1.0f + v108;
        const real v110 = v105 * v109;
        const real v111 = v104 * v110;
        r101.value[u] = v101;
        r111.value[u] = v111;
      }
      put_group<5>(&tile[0 * kTile + t * 5 + f], r101);
      put_group<5>(&tile[16 * kTile + t * 5 + f], r111);
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
      const Group<8> g95 = group_at<8>(&tile[24 * kTile + t * 8 + f]);
      const Group<8> g112 = group_at<8>(&tile[96 * kTile + t * 8 + f]);
      const Group<8> g87x = group_at<8>(&tile[32 * kTile + t * 24 + f]);
      const Group<8> g87y = group_at<8>(&tile[32 * kTile + t * 24 + 8 + f]);
      const Group<8> g87z = group_at<8>(&tile[32 * kTile + t * 24 + 16 + f]);
      const Group<8> g94 = group_at<8>(&tile[88 * kTile + t * 8 + f]);
      Group<8> r113;
      Group<8> r116x;
      Group<8> r116y;
      Group<8> r116z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v95 = g95.value[u];
        const real v112 = g112.value[u];
        const real v113 = v95 * v112;
        const real v87x = g87x.value[u];
        const real v87y = g87y.value[u];
        const real v87z = g87z.value[u];
        const real v94 = g94.value[u];
        const real v114 = v94 * v112;
        const real v116x = v87x * v114;
        const real v116y = v87y * v114;
        const real v116z = v87z * v114;
        r113.value[u] = v113;
        r116x.value[u] = v116x;
        r116y.value[u] = v116y;
        r116z.value[u] = v116z;
      }
      put_group<8>(&tile[16 * kTile + t * 8 + f], r113);
      put_group<8>(&tile[104 * kTile + t * 24 + f], r116x);
      put_group<8>(&tile[104 * kTile + t * 24 + 8 + f], r116y);
      put_group<8>(&tile[104 * kTile + t * 24 + 16 + f], r116z);
    }
    MLFF_EACH_GROUP(c, f, 1) {
      MLFF_EACH_OF_GROUP(u, 1) {
        const real v102 = tile[5 * kTile + t * 1];
        atom_energy[i] = v102;
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
      const Group<8> g117 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      const Group<8> g92 = group_at<8>(&tile[80 * kTile + t * 8 + f]);
      Group<8> r124;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v117 = g117.value[u];
        const real v92 = g92.value[u];
        const real v118 = m_sigmoid(v92);
        const real v119 = -v118;
        const real v120 = 1.0f + v119;
        const real v121 = v92 * v120;
        const real v122 = 1.0f + v121;
        const real v123 = v118 * v122;
        const real v124 = v117 * v123;
        r124.value[u] = v124;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r124);
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
      const Group<8> g112 = group_at<8>(&tile[96 * kTile + t * 8 + f]);
      const Group<8> g125 = group_at<8>(&tile[16 * kTile + t * 8 + f]);
      const Group<8> g87x = group_at<8>(&tile[32 * kTile + t * 24 + f]);
      const Group<8> g87y = group_at<8>(&tile[32 * kTile + t * 24 + 8 + f]);
      const Group<8> g87z = group_at<8>(&tile[32 * kTile + t * 24 + 16 + f]);
      const Group<8> g127 = group_at<8>(&tile[24 * kTile + t * 8 + f]);
      const Group<8> g89 = group_at<8>(&tile[8 * kTile + t * 8 + f]);
      const Group<8> g88x = group_at<8>(&tile[56 * kTile + t * 24 + f]);
      const Group<8> g88y = group_at<8>(&tile[56 * kTile + t * 24 + 8 + f]);
      const Group<8> g88z = group_at<8>(&tile[56 * kTile + t * 24 + 16 + f]);
      const Group<8> g94 = group_at<8>(&tile[88 * kTile + t * 8 + f]);
      Group<8> r126;
      Group<8> r134x;
      Group<8> r134y;
      Group<8> r134z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v112 = g112.value[u];
        const real v125 = g125.value[u];
        const real v126 = v112 + v125;
        const real v87x = g87x.value[u];
        const real v87y = g87y.value[u];
        const real v87z = g87z.value[u];
        const real v127 = g127.value[u];
        const real v89 = g89.value[u];
        const real v90 = 1e-08f + v89;
        const real v128 = m_rsqrt(v90);
        const real v130 = v128 * 0.5f;
        const real v131 = v127 * v130;
        const real v132x = v87x * v131;
        const real v132y = v87y * v131;
        const real v132z = v87z * v131;
        const real v88x = g88x.value[u];
        const real v88y = g88y.value[u];
        const real v88z = g88z.value[u];
        const real v94 = g94.value[u];
        const real v114 = v94 * v112;
        const real v115x = v88x * v114;
        const real v115y = v88y * v114;
        const real v115z = v88z * v114;
        const real v133x = v132x + v115x;
        const real v133y = v132y + v115y;
        const real v133z = v132z + v115z;
        const real v134x = v133x + v132x;
        const real v134y = v133y + v132y;
        const real v134z = v133z + v132z;
        r126.value[u] = v126;
        r134x.value[u] = v134x;
        r134y.value[u] = v134y;
        r134z.value[u] = v134z;
      }
      put_group<8>(&b12[row_of(i, 8) + f], r126);
      put_group<8>(&tile[32 * kTile + t * 24 + f], r134x);
      put_group<8>(&tile[32 * kTile + t * 24 + 8 + f], r134y);
      put_group<8>(&tile[32 * kTile + t * 24 + 16 + f], r134z);
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
    real v30;
    real v185;
    real v192[5];
    real v214;
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
    real a138x[slots<8>()] = {};
    real a138y[slots<8>()] = {};
    real a138z[slots<8>()] = {};
    real a144[slots<8>()] = {};
    real a148[slots<8>()] = {};
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
        const real v13 = v10 * 21.0f;
        const real v14 = 15.0f + v13;
        const real v16 = v10 * v14;
        const real v17 = 10.0f + v16;
        const real v19 = v10 * v17;
        const real v20 = 6.0f + v19;
        const real v22 = v10 * v20;
        const real v23 = 3.0f + v22;
        const real v25 = v10 * v23;
        const real v26 = 1.0f + v25;
        const real v27 = -v10;
        const real v28 = 1.0f + v27;
        const real v29 = power<3>(v28);
        const real v30 = v26 * v29;
        const real v185 = power<2>(v5);
        const real v196 = power<2>(v28);
        const real v197 = 3.0f * v196;
        const real v198 = (-0.2f) * v197;
        const real v199 = v26 * v198;
        const real v201 = v10 * 4.2f;
        const real v202 = 0.2f * v14;
        const real v203 = v201 + v202;
        const real v204 = v10 * v203;
        const real v205 = 0.2f * v17;
        const real v206 = v204 + v205;
        const real v207 = v10 * v206;
        const real v208 = 0.2f * v20;
        const real v209 = v207 + v208;
        const real v210 = v10 * v209;
        const real v211 = 0.2f * v23;
        const real v212 = v210 + v211;
        const real v213 = v29 * v212;
        const real v214 = v199 + v213;
        p.v5 = v5;
        p.v30 = v30;
        p.v185 = v185;
        p.v214 = v214;
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
        const real v185 = p.v185;
        const real v186 = v4 * v185;
        const real v187 = -v186;
        const real v188 = m_cos(v3);
        const real v189 = v2 * v188;
        const real v190 = v5 * v189;
        const real v191 = v187 + v190;
        const real v192 = 0.632455532f * v191;
        p.v8[f] = v8;
        p.v192[f] = v192;
      }
      team_barrier();
      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        real part0[E * 4] = {};
        MLFF_EACH_GROUP(c, f, 8) {
          const Group<8> g81x = group_at<8>(&b9[row_of(i, 24) + f]);
          const Group<8> g81y = group_at<8>(&b9[row_of(i, 24) + 8 + f]);
          const Group<8> g81z = group_at<8>(&b9[row_of(i, 24) + 16 + f]);
          const Group<8> g67 = group_at<8>(&b6[row_of(i, 8) + f]);
          const Group<8> g72 = group_at<8>(&b7[row_of(i, 8) + f]);
          Group<8> m75[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m75[e] = group_at<8>(c23 + f);
          MLFF_UNROLL for (int k = 0; k < 5; ++k) {
            const Group<8> w = group_at<8>(c24 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m75[e], pair[e].v8[k], w);
          }
          Group<8> m70[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m70[e] = group_at<8>(c21 + f);
          MLFF_UNROLL for (int k = 0; k < 5; ++k) {
            const Group<8> w = group_at<8>(c22 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m70[e], pair[e].v8[k], w);
          }
          Group<8> m65[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m65[e] = group_at<8>(c19 + f);
          MLFF_UNROLL for (int k = 0; k < 5; ++k) {
            const Group<8> w = group_at<8>(c20 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m65[e], pair[e].v8[k], w);
          }
          Group<8> m229[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m229[e] = Group<8>{};
          MLFF_UNROLL for (int k = 0; k < 5; ++k) {
            const Group<8> w = group_at<8>(c24 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m229[e], pair[e].v192[k], w);
          }
          Group<8> m221[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m221[e] = Group<8>{};
          MLFF_UNROLL for (int k = 0; k < 5; ++k) {
            const Group<8> w = group_at<8>(c20 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m221[e], pair[e].v192[k], w);
          }
          Group<8> m225[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m225[e] = Group<8>{};
          MLFF_UNROLL for (int k = 0; k < 5; ++k) {
            const Group<8> w = group_at<8>(c22 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m225[e], pair[e].v192[k], w);
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<8> g136x = group_at<8>(&b13[row_of(p.j, 24) + f]);
            const Group<8> g136y = group_at<8>(&b13[row_of(p.j, 24) + 8 + f]);
            const Group<8> g136z = group_at<8>(&b13[row_of(p.j, 24) + 16 + f]);
            const Group<8> g146 = group_at<8>(&b12[row_of(p.j, 8) + f]);
            MLFF_EACH_OF_GROUP(u, 8) {
              const real v81x = g81x.value[u];
              const real v81y = g81y.value[u];
              const real v81z = g81z.value[u];
              const real v67 = g67.value[u];
              const real v72 = g72.value[u];
              const real v30 = p.v30;
              const real v76 = v30 * m75[e].value[u];
              const real v136x = g136x.value[u];
              const real v136y = g136y.value[u];
              const real v136z = g136z.value[u];
              const real v137x = v76 * v136x;
              const real v137y = v76 * v136y;
              const real v137z = v76 * v136z;
              const real v71 = v30 * m70[e].value[u];
              const real v142 = p.ux * v136x + p.uy * v136y + p.uz * v136z;
              const real v143 = v71 * v142;
              const real v66 = v30 * m65[e].value[u];
              const real v146 = g146.value[u];
              const real v147 = v66 * v146;
              const real v230 = v30 * m229[e].value[u];
              const real v214 = p.v214;
              const real v231 = m75[e].value[u] * v214;
              const real v232 = v230 + v231;
              const real v234 = v136x * v81x + v136y * v81y + v136z * v81z;
              const real v235 = v232 * v234;
              const real v222 = v30 * m221[e].value[u];
              const real v223 = m65[e].value[u] * v214;
              const real v224 = v222 + v223;
              const real v237 = v146 * v224;
              const real v238 = v67 * v237;
              const real v243 = v235 + v238;
              const real v226 = v30 * m225[e].value[u];
              const real v227 = m70[e].value[u] * v214;
              const real v228 = v226 + v227;
              const real v240 = v142 * v228;
              const real v241 = v72 * v240;
              const real v242 = -v241;
              const real v244 = v243 + v242;
              const real v248 = v71 * v72;
              const real v249x = v136x * v248;
              const real v249y = v136y * v248;
              const real v249z = v136z * v248;
              a138x[c + u] += v137x;
              a138y[c + u] += v137y;
              a138z[c + u] += v137z;
              a144[c + u] += v143;
              a148[c + u] += v147;
              part0[e * 4 + 0] += v244;
              part0[e * 4 + 1] += v249x;
              part0[e * 4 + 2] += v249y;
              part0[e * 4 + 3] += v249z;
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
        const real v245 = left_sum<4>(sums, e, 0);
        const real v250x = left_sum<4>(sums, e, 1);
        const real v250y = left_sum<4>(sums, e, 2);
        const real v250z = left_sum<4>(sums, e, 3);
        const real v246x = p.ux * v245;
        const real v246y = p.uy * v245;
        const real v246z = p.uz * v245;
        const real v247x = -v246x;
        const real v247y = -v246y;
        const real v247z = -v246z;
        const real v5 = p.v5;
        const real v251 = p.ux * v250x + p.uy * v250y + p.uz * v250z;
        const real v252x = p.ux * v251;
        const real v252y = p.uy * v251;
        const real v252z = p.uz * v251;
        const real v253x = -v252x;
        const real v253y = -v252y;
        const real v253z = -v252z;
        const real v254x = v250x + v253x;
        const real v254y = v250y + v253y;
        const real v254z = v250z + v253z;
        const real v255x = v5 * v254x;
        const real v255y = v5 * v254y;
        const real v255z = v5 * v254z;
        const real v256x = v247x + v255x;
        const real v256y = v247y + v255y;
        const real v256z = v247z + v255z;
        pair_gradient[row_of(q, 3)] = v256x;
        pair_gradient[row_of(q, 3) + 1] = v256y;
        pair_gradient[row_of(q, 3) + 2] = v256z;
      }
    }
    MLFF_EACH_GROUP(c, f, 8) {
      put_group<8>(&tile[0 * kTile + t * 24 + f], group_of_slots<8>(a138x, c));
      put_group<8>(&tile[0 * kTile + t * 24 + 8 + f], group_of_slots<8>(a138y, c));
      put_group<8>(&tile[0 * kTile + t * 24 + 16 + f], group_of_slots<8>(a138z, c));
    }
    MLFF_EACH_GROUP(c, f, 8) { put_group<8>(&tile[24 * kTile + t * 8 + f], group_of_slots<8>(a144, c)); }
    MLFF_EACH_GROUP(c, f, 8) { put_group<8>(&tile[32 * kTile + t * 8 + f], group_of_slots<8>(a148, c)); }
  }
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g135x = group_at<8>(&b13[row_of(i, 24) + f]);
      const Group<8> g135y = group_at<8>(&b13[row_of(i, 24) + 8 + f]);
      const Group<8> g135z = group_at<8>(&b13[row_of(i, 24) + 16 + f]);
      const Group<8> g77 = group_at<8>(&b8[row_of(i, 8) + f]);
      const Group<8> g138x = group_at<8>(&tile[0 * kTile + t * 24 + f]);
      const Group<8> g138y = group_at<8>(&tile[0 * kTile + t * 24 + 8 + f]);
      const Group<8> g138z = group_at<8>(&tile[0 * kTile + t * 24 + 16 + f]);
      const Group<8> g62x = group_at<8>(&b5[row_of(i, 24) + f]);
      const Group<8> g62y = group_at<8>(&b5[row_of(i, 24) + 8 + f]);
      const Group<8> g62z = group_at<8>(&b5[row_of(i, 24) + 16 + f]);
      const Group<8> g144 = group_at<8>(&tile[24 * kTile + t * 8 + f]);
      const Group<8> g47x = group_at<8>(&b1[row_of(i, 24) + f]);
      const Group<8> g47y = group_at<8>(&b1[row_of(i, 24) + 8 + f]);
      const Group<8> g47z = group_at<8>(&b1[row_of(i, 24) + 16 + f]);
      Group<8> r140x;
      Group<8> r140y;
      Group<8> r140z;
      Group<8> r141;
      Group<8> r145;
      Group<8> r160;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v135x = g135x.value[u];
        const real v135y = g135y.value[u];
        const real v135z = g135z.value[u];
        const real v77 = g77.value[u];
        const real v138x = g138x.value[u];
        const real v138y = g138y.value[u];
        const real v138z = g138z.value[u];
        const real v139x = v77 * v138x;
        const real v139y = v77 * v138y;
        const real v139z = v77 * v138z;
        const real v140x = v135x + v139x;
        const real v140y = v135y + v139y;
        const real v140z = v135z + v139z;
        const real v62x = g62x.value[u];
        const real v62y = g62y.value[u];
        const real v62z = g62z.value[u];
        const real v141 = v62x * v138x + v62y * v138y + v62z * v138z;
        const real v144 = g144.value[u];
        const real v145 = -v144;
        const real v47x = g47x.value[u];
        const real v47y = g47y.value[u];
        const real v47z = g47z.value[u];
        const real v160 = v47x * v140x + v47y * v140y + v47z * v140z;
        r140x.value[u] = v140x;
        r140y.value[u] = v140y;
        r140z.value[u] = v140z;
        r141.value[u] = v141;
        r145.value[u] = v145;
        r160.value[u] = v160;
      }
      put_group<8>(&tile[0 * kTile + t * 24 + f], r140x);
      put_group<8>(&tile[0 * kTile + t * 24 + 8 + f], r140y);
      put_group<8>(&tile[0 * kTile + t * 24 + 16 + f], r140z);
      put_group<8>(&tile[24 * kTile + t * 8 + f], r141);
      put_group<8>(&tile[40 * kTile + t * 8 + f], r145);
      put_group<8>(&tile[48 * kTile + t * 8 + f], r160);
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
      const Group<8> g149 = group_at<8>(&tile[56 * kTile + t * 8 + f]);
      const Group<8> g155 = group_at<8>(&b10[row_of(i, 8) + f]);
      Group<8> r156;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v149 = g149.value[u];
        const real v155 = g155.value[u];
        const real v156 = v149 * v155;
        r156.value[u] = v156;
      }
      put_group<8>(&tile[24 * kTile + t * 8 + f], r156);
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
      const Group<8> g126 = group_at<8>(&b12[row_of(i, 8) + f]);
      const Group<8> g157 = group_at<8>(&tile[32 * kTile + t * 8 + f]);
      const Group<8> g46x = group_at<8>(&b0[row_of(i, 24) + f]);
      const Group<8> g46y = group_at<8>(&b0[row_of(i, 24) + 8 + f]);
      const Group<8> g46z = group_at<8>(&b0[row_of(i, 24) + 16 + f]);
      const Group<8> g47x = group_at<8>(&b1[row_of(i, 24) + f]);
      const Group<8> g47y = group_at<8>(&b1[row_of(i, 24) + 8 + f]);
      const Group<8> g47z = group_at<8>(&b1[row_of(i, 24) + 16 + f]);
      const Group<8> g54 = group_at<8>(&b2[row_of(i, 8) + f]);
      const Group<8> g140x = group_at<8>(&tile[0 * kTile + t * 24 + f]);
      const Group<8> g140y = group_at<8>(&tile[0 * kTile + t * 24 + 8 + f]);
      const Group<8> g140z = group_at<8>(&tile[0 * kTile + t * 24 + 16 + f]);
      const Group<8> g55 = group_at<8>(&b3[row_of(i, 8) + f]);
      Group<8> r158;
      Group<8> r161;
      Group<8> r165x;
      Group<8> r165y;
      Group<8> r165z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v126 = g126.value[u];
        const real v157 = g157.value[u];
        const real v158 = v126 + v157;
        const real v46x = g46x.value[u];
        const real v46y = g46y.value[u];
        const real v46z = g46z.value[u];
        const real v47x = g47x.value[u];
        const real v47y = g47y.value[u];
        const real v47z = g47z.value[u];
        const real v56 = v46x * v47x + v46y * v47y + v46z * v47z;
        const real v161 = v56 * v158;
        const real v54 = g54.value[u];
        const real v140x = g140x.value[u];
        const real v140y = g140y.value[u];
        const real v140z = g140z.value[u];
        const real v159x = v54 * v140x;
        const real v159y = v54 * v140y;
        const real v159z = v54 * v140z;
        const real v55 = g55.value[u];
        const real v162 = v55 * v158;
        const real v164x = v46x * v162;
        const real v164y = v46y * v162;
        const real v164z = v46z * v162;
        const real v165x = v159x + v164x;
        const real v165y = v159y + v164y;
        const real v165z = v159z + v164z;
        r158.value[u] = v158;
        r161.value[u] = v161;
        r165x.value[u] = v165x;
        r165y.value[u] = v165y;
        r165z.value[u] = v165z;
      }
      put_group<8>(&tile[24 * kTile + t * 8 + f], r158);
      put_group<8>(&tile[32 * kTile + t * 8 + f], r161);
      put_group<8>(&tile[56 * kTile + t * 24 + f], r165x);
      put_group<8>(&tile[56 * kTile + t * 24 + 8 + f], r165y);
      put_group<8>(&tile[56 * kTile + t * 24 + 16 + f], r165z);
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
      const Group<8> g166 = group_at<8>(&tile[40 * kTile + t * 8 + f]);
      const Group<8> g172 = group_at<8>(&b11[row_of(i, 8) + f]);
      Group<8> r173;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v166 = g166.value[u];
        const real v172 = g172.value[u];
        const real v173 = v166 * v172;
        r173.value[u] = v173;
      }
      put_group<8>(&tile[32 * kTile + t * 8 + f], r173);
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
      const Group<8> g158 = group_at<8>(&tile[24 * kTile + t * 8 + f]);
      const Group<8> g174 = group_at<8>(&tile[40 * kTile + t * 8 + f]);
      const Group<8> g46x = group_at<8>(&b0[row_of(i, 24) + f]);
      const Group<8> g46y = group_at<8>(&b0[row_of(i, 24) + 8 + f]);
      const Group<8> g46z = group_at<8>(&b0[row_of(i, 24) + 16 + f]);
      const Group<8> g176 = group_at<8>(&tile[48 * kTile + t * 8 + f]);
      const Group<8> g47x = group_at<8>(&b1[row_of(i, 24) + f]);
      const Group<8> g47y = group_at<8>(&b1[row_of(i, 24) + 8 + f]);
      const Group<8> g47z = group_at<8>(&b1[row_of(i, 24) + 16 + f]);
      const Group<8> g55 = group_at<8>(&b3[row_of(i, 8) + f]);
      Group<8> r175;
      Group<8> r182x;
      Group<8> r182y;
      Group<8> r182z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v158 = g158.value[u];
        const real v174 = g174.value[u];
        const real v175 = v158 + v174;
        const real v46x = g46x.value[u];
        const real v46y = g46y.value[u];
        const real v46z = g46z.value[u];
        const real v176 = g176.value[u];
        const real v48 = v46x * v46x + v46y * v46y + v46z * v46z;
        const real v50 = v48 + 1e-08f;
        const real v177 = m_rsqrt(v50);
        const real v178 = 0.5f * v177;
        const real v179 = v176 * v178;
        const real v180x = v46x * v179;
        const real v180y = v46y * v179;
        const real v180z = v46z * v179;
        const real v47x = g47x.value[u];
        const real v47y = g47y.value[u];
        const real v47z = g47z.value[u];
        const real v55 = g55.value[u];
        const real v162 = v55 * v158;
        const real v163x = v47x * v162;
        const real v163y = v47y * v162;
        const real v163z = v47z * v162;
        const real v181x = v180x + v163x;
        const real v181y = v180y + v163y;
        const real v181z = v180z + v163z;
        const real v182x = v181x + v180x;
        const real v182y = v181y + v180y;
        const real v182z = v181z + v180z;
        r175.value[u] = v175;
        r182x.value[u] = v182x;
        r182y.value[u] = v182y;
        r182z.value[u] = v182z;
      }
      put_group<8>(&b14[row_of(i, 8) + f], r175);
      put_group<8>(&tile[80 * kTile + t * 24 + f], r182x);
      put_group<8>(&tile[80 * kTile + t * 24 + 8 + f], r182y);
      put_group<8>(&tile[80 * kTile + t * 24 + 16 + f], r182z);
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
      const Group<8> g140x = group_at<8>(&tile[0 * kTile + t * 24 + f]);
      const Group<8> g140y = group_at<8>(&tile[0 * kTile + t * 24 + 8 + f]);
      const Group<8> g140z = group_at<8>(&tile[0 * kTile + t * 24 + 16 + f]);
      const Group<8> g183x = group_at<8>(&tile[24 * kTile + t * 24 + f]);
      const Group<8> g183y = group_at<8>(&tile[24 * kTile + t * 24 + 8 + f]);
      const Group<8> g183z = group_at<8>(&tile[24 * kTile + t * 24 + 16 + f]);
      Group<8> r184x;
      Group<8> r184y;
      Group<8> r184z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v140x = g140x.value[u];
        const real v140y = g140y.value[u];
        const real v140z = g140z.value[u];
        const real v183x = g183x.value[u];
        const real v183y = g183y.value[u];
        const real v183z = g183z.value[u];
        const real v184x = v140x + v183x;
        const real v184y = v140y + v183y;
        const real v184z = v140z + v183z;
        r184x.value[u] = v184x;
        r184y.value[u] = v184y;
        r184z.value[u] = v184z;
      }
      put_group<8>(&b15[row_of(i, 24) + f], r184x);
      put_group<8>(&b15[row_of(i, 24) + 8 + f], r184y);
      put_group<8>(&b15[row_of(i, 24) + 16 + f], r184z);
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
    real v30;
    real v185;
    real v192[5];
    real v214;
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
        const real v13 = v10 * 21.0f;
        const real v14 = 15.0f + v13;
        const real v16 = v10 * v14;
        const real v17 = 10.0f + v16;
        const real v19 = v10 * v17;
        const real v20 = 6.0f + v19;
        const real v22 = v10 * v20;
        const real v23 = 3.0f + v22;
        const real v25 = v10 * v23;
        const real v26 = 1.0f + v25;
        const real v27 = -v10;
        const real v28 = 1.0f + v27;
        const real v29 = power<3>(v28);
        const real v30 = v26 * v29;
        const real v185 = power<2>(v5);
        const real v196 = power<2>(v28);
        const real v197 = 3.0f * v196;
        const real v198 = (-0.2f) * v197;
        const real v199 = v26 * v198;
        const real v201 = v10 * 4.2f;
        const real v202 = 0.2f * v14;
        const real v203 = v201 + v202;
        const real v204 = v10 * v203;
        const real v205 = 0.2f * v17;
        const real v206 = v204 + v205;
        const real v207 = v10 * v206;
        const real v208 = 0.2f * v20;
        const real v209 = v207 + v208;
        const real v210 = v10 * v209;
        const real v211 = 0.2f * v23;
        const real v212 = v210 + v211;
        const real v213 = v29 * v212;
        const real v214 = v199 + v213;
        p.v5 = v5;
        p.v30 = v30;
        p.v185 = v185;
        p.v214 = v214;
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
        const real v185 = p.v185;
        const real v186 = v4 * v185;
        const real v187 = -v186;
        const real v188 = m_cos(v3);
        const real v189 = v2 * v188;
        const real v190 = v5 * v189;
        const real v191 = v187 + v190;
        const real v192 = 0.632455532f * v191;
        p.v8[f] = v8;
        p.v192[f] = v192;
      }
      team_barrier();
      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        real part0[E * 4] = {};
        MLFF_EACH_GROUP(c, f, 8) {
          const Group<8> g33 = group_at<8>(&c4[row_of(element[i], 8) + f]);
          const Group<8> g38 = group_at<8>(&c7[row_of(element[i], 8) + f]);
          Group<8> m193[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m193[e] = Group<8>{};
          MLFF_UNROLL for (int k = 0; k < 5; ++k) {
            const Group<8> w = group_at<8>(c3 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m193[e], pair[e].v192[k], w);
          }
          Group<8> m31[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m31[e] = group_at<8>(c2 + f);
          MLFF_UNROLL for (int k = 0; k < 5; ++k) {
            const Group<8> w = group_at<8>(c3 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m31[e], pair[e].v8[k], w);
          }
          Group<8> m217[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m217[e] = Group<8>{};
          MLFF_UNROLL for (int k = 0; k < 5; ++k) {
            const Group<8> w = group_at<8>(c6 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m217[e], pair[e].v192[k], w);
          }
          Group<8> m36[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m36[e] = group_at<8>(c5 + f);
          MLFF_UNROLL for (int k = 0; k < 5; ++k) {
            const Group<8> w = group_at<8>(c6 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m36[e], pair[e].v8[k], w);
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<8> g258 = group_at<8>(&b14[row_of(p.j, 8) + f]);
            const Group<8> g262x = group_at<8>(&b15[row_of(p.j, 24) + f]);
            const Group<8> g262y = group_at<8>(&b15[row_of(p.j, 24) + 8 + f]);
            const Group<8> g262z = group_at<8>(&b15[row_of(p.j, 24) + 16 + f]);
            MLFF_EACH_OF_GROUP(u, 8) {
              const real v33 = g33.value[u];
              const real v38 = g38.value[u];
              const real v30 = p.v30;
              const real v194 = v30 * m193[e].value[u];
              const real v214 = p.v214;
              const real v215 = m31[e].value[u] * v214;
              const real v216 = v194 + v215;
              const real v258 = g258.value[u];
              const real v259 = v216 * v258;
              const real v260 = v33 * v259;
              const real v218 = v30 * m217[e].value[u];
              const real v219 = m36[e].value[u] * v214;
              const real v220 = v218 + v219;
              const real v262x = g262x.value[u];
              const real v262y = g262y.value[u];
              const real v262z = g262z.value[u];
              const real v263 = p.ux * v262x + p.uy * v262y + p.uz * v262z;
              const real v264 = v220 * v263;
              const real v265 = v38 * v264;
              const real v266 = -v265;
              const real v267 = v260 + v266;
              const real v37 = v30 * m36[e].value[u];
              const real v271 = v37 * v38;
              const real v272x = v262x * v271;
              const real v272y = v262y * v271;
              const real v272z = v262z * v271;
              part0[e * 4 + 0] += v267;
              part0[e * 4 + 1] += v272x;
              part0[e * 4 + 2] += v272y;
              part0[e * 4 + 3] += v272z;
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
        const real v268 = left_sum<4>(sums, e, 0);
        const real v273x = left_sum<4>(sums, e, 1);
        const real v273y = left_sum<4>(sums, e, 2);
        const real v273z = left_sum<4>(sums, e, 3);
        const real v269x = p.ux * v268;
        const real v269y = p.uy * v268;
        const real v269z = p.uz * v268;
        const real v270x = -v269x;
        const real v270y = -v269y;
        const real v270z = -v269z;
        const real v5 = p.v5;
        const real v274 = p.ux * v273x + p.uy * v273y + p.uz * v273z;
        const real v275x = p.ux * v274;
        const real v275y = p.uy * v274;
        const real v275z = p.uz * v274;
        const real v276x = -v275x;
        const real v276y = -v275y;
        const real v276z = -v275z;
        const real v277x = v273x + v276x;
        const real v277y = v273y + v276y;
        const real v277z = v273z + v276z;
        const real v278x = v5 * v277x;
        const real v278y = v5 * v277y;
        const real v278z = v5 * v277z;
        const real v279x = v270x + v278x;
        const real v279y = v270y + v278y;
        const real v279z = v270z + v278z;
        pair_gradient[row_of(q, 3)] += v279x;
        pair_gradient[row_of(q, 3) + 1] += v279y;
        pair_gradient[row_of(q, 3) + 2] += v279z;
      }
    }
  }
  block_barrier();
}
