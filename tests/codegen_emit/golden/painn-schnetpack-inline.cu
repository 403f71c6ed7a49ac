MLFF_KERNEL(phase_0, 1, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT element,
            const int* MLFF_RESTRICT pair_begin, const int* MLFF_RESTRICT pair_neighbour,
            const real* MLFF_RESTRICT pair_geometry, const real* MLFF_RESTRICT c0, const real* MLFF_RESTRICT c1,
            const real* MLFF_RESTRICT c2, const real* MLFF_RESTRICT c3, const real* MLFF_RESTRICT c4,
            const real* MLFF_RESTRICT c5, const real* MLFF_RESTRICT c6, const real* MLFF_RESTRICT c7,
            const real* MLFF_RESTRICT c8, const real* MLFF_RESTRICT c9, const real* MLFF_RESTRICT c10,
            const real* MLFF_RESTRICT c11, const real* MLFF_RESTRICT c12, const real* MLFF_RESTRICT c13,
            const real* MLFF_RESTRICT c14, const real* MLFF_RESTRICT c15, const real* MLFF_RESTRICT c16,
            const real* MLFF_RESTRICT c17, const real* MLFF_RESTRICT c18, real* MLFF_RESTRICT b0,
            real* MLFF_RESTRICT b1, real* MLFF_RESTRICT b2, real* MLFF_RESTRICT b3, real* MLFF_RESTRICT b4,
            real* MLFF_RESTRICT b5, real* MLFF_RESTRICT b6, real* MLFF_RESTRICT b7, real* MLFF_RESTRICT b8,
            real* MLFF_RESTRICT b9, real* MLFF_RESTRICT b10, real* MLFF_RESTRICT b11) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real v9[9];
    real v16;
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
    real a27[slots<8>()] = {};
    real a31x[slots<8>()] = {};
    real a31y[slots<8>()] = {};
    real a31z[slots<8>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real v11 = p.r * 0.628318531f;
        const real v13 = m_cos(v11);
        const real v14 = 1.0f + v13;
        const real v16 = v14 * 0.5f;
        p.v16 = v16;
      }
      team_barrier();
      MLFF_EACH_PAIR_CHANNEL(e, f, count, 9) {
        Record& p = record[e];
        const real v2 = c1[f];
        const real v3 = c2[f];
        const real v4 = p.r + v3;
        const real v5 = v2 * v4;
        const real v6 = power<2>(v5);
        const real v8 = v6 * (-0.5f);
        const real v9 = m_exp(v8);
        p.v9[f] = v9;
      }
      team_barrier();
      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        MLFF_EACH_GROUP(c, f, 8) {
          Group<8> m19[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m19[e] = group_at<8>(c4 + f);
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<8> w = group_at<8>(c5 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m19[e], pair[e].v9[k], w);
          }
          Group<8> m24[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m24[e] = group_at<8>(c7 + f);
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<8> w = group_at<8>(c8 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m24[e], pair[e].v9[k], w);
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<8> g18 = group_at<8>(&c3[row_of(element[p.j], 8) + f]);
            const Group<8> g23 = group_at<8>(&c6[row_of(element[p.j], 8) + f]);
            MLFF_EACH_OF_GROUP(u, 8) {
              const real v18 = g18.value[u];
              const real v16 = p.v16;
              const real v20 = v16 * m19[e].value[u];
              const real v21 = v18 * v20;
              const real v23 = g23.value[u];
              const real v25 = v16 * m24[e].value[u];
              const real v26 = v23 * v25;
              const real v30x = v26 * p.ux;
              const real v30y = v26 * p.uy;
              const real v30z = v26 * p.uz;
              a27[c + u] += v21;
              a31x[c + u] += v30x;
              a31y[c + u] += v30y;
              a31z[c + u] += v30z;
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
    MLFF_EACH_GROUP(c, f, 8) { put_group<8>(&tile[0 * kTile + t * 8 + f], group_of_slots<8>(a27, c)); }
    MLFF_EACH_GROUP(c, f, 8) {
      put_group<8>(&tile[8 * kTile + t * 24 + f], group_of_slots<8>(a31x, c));
      put_group<8>(&tile[8 * kTile + t * 24 + 8 + f], group_of_slots<8>(a31y, c));
      put_group<8>(&tile[8 * kTile + t * 24 + 16 + f], group_of_slots<8>(a31z, c));
    }
  }
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g0 = group_at<8>(&c9[row_of(element[i], 8) + f]);
      const Group<8> g27 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      Group<8> r28;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v0 = g0.value[u];
        const real v27 = g27.value[u];
        const real v28 = v0 + v27;
        r28.value[u] = v28;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r28);
    }
  }
  block_barrier();
  linear_tile<8, 8, 2, 3>(rows * 3, tile + 8 * kTile, nullptr, c0, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 1>(c10), b0 + row_of(first, 24), b1 + row_of(first, 24));
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g32x = group_at<8>(&b0[row_of(i, 24) + f]);
      const Group<8> g32y = group_at<8>(&b0[row_of(i, 24) + 8 + f]);
      const Group<8> g32z = group_at<8>(&b0[row_of(i, 24) + 16 + f]);
      Group<8> r37;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v32x = g32x.value[u];
        const real v32y = g32y.value[u];
        const real v32z = g32z.value[u];
        const real v34 = v32x * v32x + v32y * v32y + v32z * v32z;
        const real v36 = v34 + 1e-08f;
        const real v37 = m_sqrt(v36);
        r37.value[u] = v37;
      }
      put_group<8>(&tile[32 * kTile + t * 8 + f], r37);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 0 * kTile, nullptr, c10, 1.0f, c11, false, ring, first_steps<8, 8, 1, 1>(c12),
                          tile + 40 * kTile);
  linear_tile<8, 8, 1, 1>(rows, tile + 32 * kTile, nullptr, c12, 1.0f, nullptr, true, ring,
                          first_steps<8, 8, 3, 1>(c13), tile + 40 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g38 = group_at<8>(&tile[40 * kTile + t * 8 + f]);
      Group<8> r39;
      Group<8> r157;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v38 = g38.value[u];
        const real v39 = m_silu(v38);
        const real v152 = m_sigmoid(v38);
        const real v153 = -v152;
        const real v154 = 1.0f + v153;
        const real v155 = v38 * v154;
        const real v156 = 1.0f + v155;
        const real v157 = v152 * v156;
        r39.value[u] = v39;
        r157.value[u] = v157;
      }
      put_group<8>(&tile[32 * kTile + t * 8 + f], r39);
      put_group<8>(&b11[row_of(i, 8) + f], r157);
    }
  }
  block_barrier();
  linear_tile<8, 8, 3, 1>(rows, tile + 32 * kTile, nullptr, c13, 1.0f, c14, false, ring, first_steps<8, 8, 1, 1>(c15),
                          b2 + row_of(first, 8), b3 + row_of(first, 8), tile + 40 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g28 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      const Group<8> g41 = group_at<8>(&b3[row_of(i, 8) + f]);
      const Group<8> g32x = group_at<8>(&b0[row_of(i, 24) + f]);
      const Group<8> g32y = group_at<8>(&b0[row_of(i, 24) + 8 + f]);
      const Group<8> g32z = group_at<8>(&b0[row_of(i, 24) + 16 + f]);
      const Group<8> g33x = group_at<8>(&b1[row_of(i, 24) + f]);
      const Group<8> g33y = group_at<8>(&b1[row_of(i, 24) + 8 + f]);
      const Group<8> g33z = group_at<8>(&b1[row_of(i, 24) + 16 + f]);
      const Group<8> g45 = group_at<8>(&tile[40 * kTile + t * 8 + f]);
      const Group<8> g31x = group_at<8>(&tile[8 * kTile + t * 24 + f]);
      const Group<8> g31y = group_at<8>(&tile[8 * kTile + t * 24 + 8 + f]);
      const Group<8> g31z = group_at<8>(&tile[8 * kTile + t * 24 + 16 + f]);
      const Group<8> g40 = group_at<8>(&b2[row_of(i, 8) + f]);
      Group<8> r46;
      Group<8> r48x;
      Group<8> r48y;
      Group<8> r48z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v28 = g28.value[u];
        const real v41 = g41.value[u];
        const real v32x = g32x.value[u];
        const real v32y = g32y.value[u];
        const real v32z = g32z.value[u];
        const real v33x = g33x.value[u];
        const real v33y = g33y.value[u];
        const real v33z = g33z.value[u];
        const real v42 = v32x * v33x + v32y * v33y + v32z * v33z;
        const real v43 = v41 * v42;
        const real v44 = v28 + v43;
        const real v45 = g45.value[u];
        const real v46 = v44 + v45;
        const real v31x = g31x.value[u];
        const real v31y = g31y.value[u];
        const real v31z = g31z.value[u];
        const real v40 = g40.value[u];
        const real v47x = v33x * v40;
        const real v47y = v33y * v40;
        const real v47z = v33z * v40;
        const real v48x = v31x + v47x;
        const real v48y = v31y + v47y;
        const real v48z = v31z + v47z;
        r46.value[u] = v46;
        r48x.value[u] = v48x;
        r48y.value[u] = v48y;
        r48z.value[u] = v48z;
      }
      put_group<8>(&b4[row_of(i, 8) + f], r46);
      put_group<8>(&b5[row_of(i, 24) + f], r48x);
      put_group<8>(&b5[row_of(i, 24) + 8 + f], r48y);
      put_group<8>(&b5[row_of(i, 24) + 16 + f], r48z);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, b4 + row_of(first, 8), nullptr, c15, 1.0f, c16, false, ring,
                          first_steps<8, 8, 3, 1>(c17), tile + 0 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g49 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      Group<8> r50;
      Group<8> r140;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v49 = g49.value[u];
        const real v50 = m_silu(v49);
        const real v135 = m_sigmoid(v49);
        const real v136 = -v135;
        const real v137 = 1.0f + v136;
        const real v138 = v49 * v137;
        const real v139 = 1.0f + v138;
        const real v140 = v135 * v139;
        r50.value[u] = v50;
        r140.value[u] = v140;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r50);
      put_group<8>(&b10[row_of(i, 8) + f], r140);
    }
  }
  block_barrier();
  linear_tile<8, 8, 3, 1>(rows, tile + 0 * kTile, nullptr, c17, 1.0f, c18, false, ring, no_steps(),
                          b6 + row_of(first, 8), b7 + row_of(first, 8), b8 + row_of(first, 8));
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g48x = group_at<8>(&b5[row_of(i, 24) + f]);
      const Group<8> g48y = group_at<8>(&b5[row_of(i, 24) + 8 + f]);
      const Group<8> g48z = group_at<8>(&b5[row_of(i, 24) + 16 + f]);
      const Group<8> g61 = group_at<8>(&b8[row_of(i, 8) + f]);
      Group<8> r67x;
      Group<8> r67y;
      Group<8> r67z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v48x = g48x.value[u];
        const real v48y = g48y.value[u];
        const real v48z = g48z.value[u];
        const real v61 = g61.value[u];
        const real v67x = v48x * v61;
        const real v67y = v48y * v61;
        const real v67z = v48z * v61;
        r67x.value[u] = v67x;
        r67y.value[u] = v67y;
        r67z.value[u] = v67z;
      }
      put_group<8>(&b9[row_of(i, 24) + f], r67x);
      put_group<8>(&b9[row_of(i, 24) + 8 + f], r67y);
      put_group<8>(&b9[row_of(i, 24) + 16 + f], r67z);
    }
  }
  block_barrier();
}

MLFF_KERNEL(phase_1, 1, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT pair_begin,
            const int* MLFF_RESTRICT pair_neighbour, const real* MLFF_RESTRICT pair_geometry,
            real* MLFF_RESTRICT atom_energy, const real* MLFF_RESTRICT c1, const real* MLFF_RESTRICT c2,
            const real* MLFF_RESTRICT c19, const real* MLFF_RESTRICT c20, const real* MLFF_RESTRICT c21,
            const real* MLFF_RESTRICT c22, const real* MLFF_RESTRICT c23, const real* MLFF_RESTRICT c24,
            const real* MLFF_RESTRICT c25, const real* MLFF_RESTRICT c26, const real* MLFF_RESTRICT c27,
            const real* MLFF_RESTRICT c28, const real* MLFF_RESTRICT c29, const real* MLFF_RESTRICT c30,
            const real* MLFF_RESTRICT c31, const real* MLFF_RESTRICT c32, const real* MLFF_RESTRICT c33,
            const real* MLFF_RESTRICT c34, const real* MLFF_RESTRICT c35, const real* MLFF_RESTRICT c36,
            const real* MLFF_RESTRICT c37, const real* MLFF_RESTRICT c38, const real* MLFF_RESTRICT c39,
            const real* MLFF_RESTRICT c40, const real* MLFF_RESTRICT b4, const real* MLFF_RESTRICT b5,
            const real* MLFF_RESTRICT b6, const real* MLFF_RESTRICT b7, const real* MLFF_RESTRICT b9,
            real* MLFF_RESTRICT b12, real* MLFF_RESTRICT b13) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real v9[9];
    real v16;
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
  fetch_ahead(ring, first_steps<8, 8, 2, 3>(c19));
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a64[slots<8>()] = {};
    real a71x[slots<8>()] = {};
    real a71y[slots<8>()] = {};
    real a71z[slots<8>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real v11 = p.r * 0.628318531f;
        const real v13 = m_cos(v11);
        const real v14 = 1.0f + v13;
        const real v16 = v14 * 0.5f;
        p.v16 = v16;
      }
      team_barrier();
      MLFF_EACH_PAIR_CHANNEL(e, f, count, 9) {
        Record& p = record[e];
        const real v2 = c1[f];
        const real v3 = c2[f];
        const real v4 = p.r + v3;
        const real v5 = v2 * v4;
        const real v6 = power<2>(v5);
        const real v8 = v6 * (-0.5f);
        const real v9 = m_exp(v8);
        p.v9[f] = v9;
      }
      team_barrier();
      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        MLFF_EACH_GROUP(c, f, 8) {
          Group<8> m53[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m53[e] = group_at<8>(c20 + f);
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<8> w = group_at<8>(c21 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m53[e], pair[e].v9[k], w);
          }
          Group<8> m58[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m58[e] = group_at<8>(c22 + f);
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<8> w = group_at<8>(c23 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m58[e], pair[e].v9[k], w);
          }
          Group<8> m62[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m62[e] = group_at<8>(c24 + f);
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<8> w = group_at<8>(c25 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m62[e], pair[e].v9[k], w);
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<8> g52 = group_at<8>(&b6[row_of(p.j, 8) + f]);
            const Group<8> g57 = group_at<8>(&b7[row_of(p.j, 8) + f]);
            const Group<8> g68x = group_at<8>(&b9[row_of(p.j, 24) + f]);
            const Group<8> g68y = group_at<8>(&b9[row_of(p.j, 24) + 8 + f]);
            const Group<8> g68z = group_at<8>(&b9[row_of(p.j, 24) + 16 + f]);
            MLFF_EACH_OF_GROUP(u, 8) {
              const real v52 = g52.value[u];
              const real v16 = p.v16;
              const real v54 = v16 * m53[e].value[u];
              const real v55 = v52 * v54;
              const real v57 = g57.value[u];
              const real v59 = v16 * m58[e].value[u];
              const real v60 = v57 * v59;
              const real v66x = p.ux * v60;
              const real v66y = p.uy * v60;
              const real v66z = p.uz * v60;
              const real v63 = v16 * m62[e].value[u];
              const real v68x = g68x.value[u];
              const real v68y = g68y.value[u];
              const real v68z = g68z.value[u];
              const real v69x = v63 * v68x;
              const real v69y = v63 * v68y;
              const real v69z = v63 * v68z;
              const real v70x = v66x + v69x;
              const real v70y = v66y + v69y;
              const real v70z = v66z + v69z;
              a64[c + u] += v55;
              a71x[c + u] += v70x;
              a71y[c + u] += v70y;
              a71z[c + u] += v70z;
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
    MLFF_EACH_GROUP(c, f, 8) { put_group<8>(&tile[0 * kTile + t * 8 + f], group_of_slots<8>(a64, c)); }
    MLFF_EACH_GROUP(c, f, 8) {
      put_group<8>(&tile[8 * kTile + t * 24 + f], group_of_slots<8>(a71x, c));
      put_group<8>(&tile[8 * kTile + t * 24 + 8 + f], group_of_slots<8>(a71y, c));
      put_group<8>(&tile[8 * kTile + t * 24 + 16 + f], group_of_slots<8>(a71z, c));
    }
  }
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g46 = group_at<8>(&b4[row_of(i, 8) + f]);
      const Group<8> g64 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      const Group<8> g48x = group_at<8>(&b5[row_of(i, 24) + f]);
      const Group<8> g48y = group_at<8>(&b5[row_of(i, 24) + 8 + f]);
      const Group<8> g48z = group_at<8>(&b5[row_of(i, 24) + 16 + f]);
      const Group<8> g71x = group_at<8>(&tile[8 * kTile + t * 24 + f]);
      const Group<8> g71y = group_at<8>(&tile[8 * kTile + t * 24 + 8 + f]);
      const Group<8> g71z = group_at<8>(&tile[8 * kTile + t * 24 + 16 + f]);
      Group<8> r65;
      Group<8> r72x;
      Group<8> r72y;
      Group<8> r72z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v46 = g46.value[u];
        const real v64 = g64.value[u];
        const real v65 = v46 + v64;
        const real v48x = g48x.value[u];
        const real v48y = g48y.value[u];
        const real v48z = g48z.value[u];
        const real v71x = g71x.value[u];
        const real v71y = g71y.value[u];
        const real v71z = g71z.value[u];
        const real v72x = v48x + v71x;
        const real v72y = v48y + v71y;
        const real v72z = v48z + v71z;
        r65.value[u] = v65;
        r72x.value[u] = v72x;
        r72y.value[u] = v72y;
        r72z.value[u] = v72z;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r65);
      put_group<8>(&tile[8 * kTile + t * 24 + f], r72x);
      put_group<8>(&tile[8 * kTile + t * 24 + 8 + f], r72y);
      put_group<8>(&tile[8 * kTile + t * 24 + 16 + f], r72z);
    }
  }
  block_barrier();
  linear_tile<8, 8, 2, 3>(rows * 3, tile + 8 * kTile, nullptr, c19, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 1>(c26), tile + 32 * kTile, tile + 56 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g73x = group_at<8>(&tile[32 * kTile + t * 24 + f]);
      const Group<8> g73y = group_at<8>(&tile[32 * kTile + t * 24 + 8 + f]);
      const Group<8> g73z = group_at<8>(&tile[32 * kTile + t * 24 + 16 + f]);
      const Group<8> g74x = group_at<8>(&tile[56 * kTile + t * 24 + f]);
      const Group<8> g74y = group_at<8>(&tile[56 * kTile + t * 24 + 8 + f]);
      const Group<8> g74z = group_at<8>(&tile[56 * kTile + t * 24 + 16 + f]);
      Group<8> r75;
      Group<8> r77;
      Group<8> r81;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v73x = g73x.value[u];
        const real v73y = g73y.value[u];
        const real v73z = g73z.value[u];
        const real v75 = v73x * v73x + v73y * v73y + v73z * v73z;
        const real v76 = 1e-08f + v75;
        const real v77 = m_sqrt(v76);
        const real v74x = g74x.value[u];
        const real v74y = g74y.value[u];
        const real v74z = g74z.value[u];
        const real v81 = v73x * v74x + v73y * v74y + v73z * v74z;
        r75.value[u] = v75;
        r77.value[u] = v77;
        r81.value[u] = v81;
      }
      put_group<8>(&tile[8 * kTile + t * 8 + f], r75);
      put_group<8>(&tile[16 * kTile + t * 8 + f], r77);
      put_group<8>(&tile[24 * kTile + t * 8 + f], r81);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 0 * kTile, nullptr, c26, 1.0f, c27, false, ring, first_steps<8, 8, 1, 1>(c28),
                          tile + 80 * kTile);
  linear_tile<8, 8, 1, 1>(rows, tile + 16 * kTile, nullptr, c28, 1.0f, nullptr, true, ring,
                          first_steps<8, 8, 2, 1>(c29), tile + 80 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g78 = group_at<8>(&tile[80 * kTile + t * 8 + f]);
      Group<8> r79;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v78 = g78.value[u];
        const real v79 = m_silu(v78);
        r79.value[u] = v79;
      }
      put_group<8>(&tile[16 * kTile + t * 8 + f], r79);
    }
  }
  block_barrier();
  linear_tile<8, 8, 2, 1>(rows, tile + 16 * kTile, nullptr, c29, 1.0f, c30, false, ring, first_steps<8, 5, 1, 1>(c31),
                          tile + 88 * kTile, tile + 96 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g65 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      const Group<8> g80 = group_at<8>(&tile[88 * kTile + t * 8 + f]);
      const Group<8> g81 = group_at<8>(&tile[24 * kTile + t * 8 + f]);
      const Group<8> g84 = group_at<8>(&tile[96 * kTile + t * 8 + f]);
      Group<8> r85;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v65 = g65.value[u];
        const real v80 = g80.value[u];
        const real v81 = g81.value[u];
        const real v82 = v80 * v81;
        const real v83 = v65 + v82;
        const real v84 = g84.value[u];
        const real v85 = v83 + v84;
        r85.value[u] = v85;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r85);
    }
  }
  block_barrier();
  linear_tile<8, 5, 1, 1>(rows, tile + 0 * kTile, nullptr, c31, 1.0f, c32, false, ring, first_steps<5, 1, 1, 1>(c33),
                          tile + 16 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 5) {
      const Group<5> g86 = group_at<5>(&tile[16 * kTile + t * 5 + f]);
      const Group<5> g90 = group_at<5>(&c34[f]);
      Group<5> r87;
      Group<5> r97;
      MLFF_EACH_OF_GROUP(u, 5) {
        const real v86 = g86.value[u];
        const real v87 = m_silu(v86);
        const real v90 = g90.value[u];
        const real v91 = m_sigmoid(v86);
        const real v92 = -v91;
        const real v93 = 1.0f + v92;
        const real v94 = v86 * v93;
        const real v95 = 1.0f + v94;
        const real v96 = v91 * v95;
        const real v97 = v90 * v96;
        r87.value[u] = v87;
        r97.value[u] = v97;
      }
      put_group<5>(&tile[0 * kTile + t * 5 + f], r87);
      put_group<5>(&tile[16 * kTile + t * 5 + f], r97);
    }
  }
  block_barrier();
  linear_tile<5, 1, 1, 1>(rows, tile + 0 * kTile, nullptr, c33, 1.0f, nullptr, false, ring,
                          first_steps<5, 8, 1, 1>(c35), tile + 5 * kTile);
  linear_tile<5, 8, 1, 1>(rows, tile + 16 * kTile, nullptr, c35, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 1>(c36), tile + 96 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g81 = group_at<8>(&tile[24 * kTile + t * 8 + f]);
      const Group<8> g98 = group_at<8>(&tile[96 * kTile + t * 8 + f]);
      const Group<8> g73x = group_at<8>(&tile[32 * kTile + t * 24 + f]);
      const Group<8> g73y = group_at<8>(&tile[32 * kTile + t * 24 + 8 + f]);
      const Group<8> g73z = group_at<8>(&tile[32 * kTile + t * 24 + 16 + f]);
      const Group<8> g80 = group_at<8>(&tile[88 * kTile + t * 8 + f]);
      Group<8> r99;
      Group<8> r102x;
      Group<8> r102y;
      Group<8> r102z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v81 = g81.value[u];
        const real v98 = g98.value[u];
        const real v99 = v81 * v98;
        const real v73x = g73x.value[u];
        const real v73y = g73y.value[u];
        const real v73z = g73z.value[u];
        const real v80 = g80.value[u];
        const real v100 = v80 * v98;
        const real v102x = v73x * v100;
        const real v102y = v73y * v100;
        const real v102z = v73z * v100;
        r99.value[u] = v99;
        r102x.value[u] = v102x;
        r102y.value[u] = v102y;
        r102z.value[u] = v102z;
      }
      put_group<8>(&tile[16 * kTile + t * 8 + f], r99);
      put_group<8>(&tile[104 * kTile + t * 24 + f], r102x);
      put_group<8>(&tile[104 * kTile + t * 24 + 8 + f], r102y);
      put_group<8>(&tile[104 * kTile + t * 24 + 16 + f], r102z);
    }
    MLFF_EACH_GROUP(c, f, 1) {
      MLFF_EACH_OF_GROUP(u, 1) {
        const real v88 = tile[5 * kTile + t * 1];
        atom_energy[i] = v88;
      }
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 16 * kTile, nullptr, c36, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 1>(c37), tile + 0 * kTile);
  linear_tile<8, 8, 1, 1>(rows, tile + 96 * kTile, nullptr, c37, 1.0f, nullptr, true, ring,
                          first_steps<8, 8, 2, 1>(c38), tile + 0 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g103 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      const Group<8> g78 = group_at<8>(&tile[80 * kTile + t * 8 + f]);
      Group<8> r110;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v103 = g103.value[u];
        const real v78 = g78.value[u];
        const real v104 = m_sigmoid(v78);
        const real v105 = -v104;
        const real v106 = 1.0f + v105;
        const real v107 = v78 * v106;
        const real v108 = 1.0f + v107;
        const real v109 = v104 * v108;
        const real v110 = v103 * v109;
        r110.value[u] = v110;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r110);
    }
  }
  block_barrier();
  linear_tile<8, 8, 2, 1>(rows, tile + 0 * kTile, nullptr, c38, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 3>(c39), tile + 16 * kTile, tile + 24 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g98 = group_at<8>(&tile[96 * kTile + t * 8 + f]);
      const Group<8> g111 = group_at<8>(&tile[16 * kTile + t * 8 + f]);
      const Group<8> g73x = group_at<8>(&tile[32 * kTile + t * 24 + f]);
      const Group<8> g73y = group_at<8>(&tile[32 * kTile + t * 24 + 8 + f]);
      const Group<8> g73z = group_at<8>(&tile[32 * kTile + t * 24 + 16 + f]);
      const Group<8> g113 = group_at<8>(&tile[24 * kTile + t * 8 + f]);
      const Group<8> g75 = group_at<8>(&tile[8 * kTile + t * 8 + f]);
      const Group<8> g74x = group_at<8>(&tile[56 * kTile + t * 24 + f]);
      const Group<8> g74y = group_at<8>(&tile[56 * kTile + t * 24 + 8 + f]);
      const Group<8> g74z = group_at<8>(&tile[56 * kTile + t * 24 + 16 + f]);
      const Group<8> g80 = group_at<8>(&tile[88 * kTile + t * 8 + f]);
      Group<8> r112;
      Group<8> r119x;
      Group<8> r119y;
      Group<8> r119z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v98 = g98.value[u];
        const real v111 = g111.value[u];
        const real v112 = v98 + v111;
        const real v73x = g73x.value[u];
        const real v73y = g73y.value[u];
        const real v73z = g73z.value[u];
        const real v113 = g113.value[u];
        const real v75 = g75.value[u];
        const real v76 = 1e-08f + v75;
        const real v114 = m_rsqrt(v76);
        const real v115 = 0.5f * v114;
        const real v116 = v113 * v115;
        const real v117x = v73x * v116;
        const real v117y = v73y * v116;
        const real v117z = v73z * v116;
        const real v74x = g74x.value[u];
        const real v74y = g74y.value[u];
        const real v74z = g74z.value[u];
        const real v80 = g80.value[u];
        const real v100 = v80 * v98;
        const real v101x = v74x * v100;
        const real v101y = v74y * v100;
        const real v101z = v74z * v100;
        const real v118x = v117x + v101x;
        const real v118y = v117y + v101y;
        const real v118z = v117z + v101z;
        const real v119x = v118x + v117x;
        const real v119y = v118y + v117y;
        const real v119z = v118z + v117z;
        r112.value[u] = v112;
        r119x.value[u] = v119x;
        r119y.value[u] = v119y;
        r119z.value[u] = v119z;
      }
      put_group<8>(&b12[row_of(i, 8) + f], r112);
      put_group<8>(&tile[32 * kTile + t * 24 + f], r119x);
      put_group<8>(&tile[32 * kTile + t * 24 + 8 + f], r119y);
      put_group<8>(&tile[32 * kTile + t * 24 + 16 + f], r119z);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 3>(rows * 3, tile + 104 * kTile, nullptr, c39, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 3>(c40), b13 + row_of(first, 24));
  linear_tile<8, 8, 1, 3>(rows * 3, tile + 32 * kTile, nullptr, c40, 1.0f, nullptr, true, ring, no_steps(),
                          b13 + row_of(first, 24));
  block_barrier();
}

MLFF_KERNEL(phase_2, 1, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT pair_begin,
            const int* MLFF_RESTRICT pair_neighbour, const real* MLFF_RESTRICT pair_geometry,
            real* MLFF_RESTRICT pair_gradient, const real* MLFF_RESTRICT c1, const real* MLFF_RESTRICT c2,
            const real* MLFF_RESTRICT c20, const real* MLFF_RESTRICT c21, const real* MLFF_RESTRICT c22,
            const real* MLFF_RESTRICT c23, const real* MLFF_RESTRICT c24, const real* MLFF_RESTRICT c25,
            const real* MLFF_RESTRICT c41, const real* MLFF_RESTRICT c42, const real* MLFF_RESTRICT c43,
            const real* MLFF_RESTRICT c44, const real* MLFF_RESTRICT c45, const real* MLFF_RESTRICT c46,
            const real* MLFF_RESTRICT c47, const real* MLFF_RESTRICT c48, const real* MLFF_RESTRICT c49,
            const real* MLFF_RESTRICT c50, const real* MLFF_RESTRICT b0, const real* MLFF_RESTRICT b1,
            const real* MLFF_RESTRICT b2, const real* MLFF_RESTRICT b3, const real* MLFF_RESTRICT b5,
            const real* MLFF_RESTRICT b6, const real* MLFF_RESTRICT b7, const real* MLFF_RESTRICT b8,
            const real* MLFF_RESTRICT b9, const real* MLFF_RESTRICT b10, const real* MLFF_RESTRICT b11,
            const real* MLFF_RESTRICT b12, const real* MLFF_RESTRICT b13, real* MLFF_RESTRICT b14,
            real* MLFF_RESTRICT b15) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real v9[9];
    real v16;
    real v174[9];
    real v179;
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
  fetch_ahead(ring, first_steps<8, 8, 1, 1>(c41));
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a123x[slots<8>()] = {};
    real a123y[slots<8>()] = {};
    real a123z[slots<8>()] = {};
    real a129[slots<8>()] = {};
    real a133[slots<8>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real v11 = p.r * 0.628318531f;
        const real v13 = m_cos(v11);
        const real v14 = 1.0f + v13;
        const real v16 = v14 * 0.5f;
        const real v177 = m_sin(v11);
        const real v178 = 0.628318531f * v177;
        const real v179 = 0.5f * v178;
        p.v16 = v16;
        p.v179 = v179;
      }
      team_barrier();
      MLFF_EACH_PAIR_CHANNEL(e, f, count, 9) {
        Record& p = record[e];
        const real v2 = c1[f];
        const real v3 = c2[f];
        const real v4 = p.r + v3;
        const real v5 = v2 * v4;
        const real v6 = power<2>(v5);
        const real v8 = v6 * (-0.5f);
        const real v9 = m_exp(v8);
        const real v171 = v5 * 2.0f;
        const real v172 = v2 * v171;
        const real v173 = (-0.5f) * v172;
        const real v174 = v9 * v173;
        p.v9[f] = v9;
        p.v174[f] = v174;
      }
      team_barrier();
      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        real part0[E * 4] = {};
        MLFF_EACH_GROUP(c, f, 8) {
          const Group<8> g67x = group_at<8>(&b9[row_of(i, 24) + f]);
          const Group<8> g67y = group_at<8>(&b9[row_of(i, 24) + 8 + f]);
          const Group<8> g67z = group_at<8>(&b9[row_of(i, 24) + 16 + f]);
          const Group<8> g51 = group_at<8>(&b6[row_of(i, 8) + f]);
          const Group<8> g56 = group_at<8>(&b7[row_of(i, 8) + f]);
          Group<8> m62[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m62[e] = group_at<8>(c24 + f);
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<8> w = group_at<8>(c25 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m62[e], pair[e].v9[k], w);
          }
          Group<8> m58[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m58[e] = group_at<8>(c22 + f);
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<8> w = group_at<8>(c23 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m58[e], pair[e].v9[k], w);
          }
          Group<8> m53[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m53[e] = group_at<8>(c20 + f);
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<8> w = group_at<8>(c21 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m53[e], pair[e].v9[k], w);
          }
          Group<8> m198[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m198[e] = Group<8>{};
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<8> w = group_at<8>(c25 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m198[e], pair[e].v174[k], w);
          }
          Group<8> m188[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m188[e] = Group<8>{};
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<8> w = group_at<8>(c21 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m188[e], pair[e].v174[k], w);
          }
          Group<8> m193[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m193[e] = Group<8>{};
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<8> w = group_at<8>(c23 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m193[e], pair[e].v174[k], w);
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<8> g121x = group_at<8>(&b13[row_of(p.j, 24) + f]);
            const Group<8> g121y = group_at<8>(&b13[row_of(p.j, 24) + 8 + f]);
            const Group<8> g121z = group_at<8>(&b13[row_of(p.j, 24) + 16 + f]);
            const Group<8> g131 = group_at<8>(&b12[row_of(p.j, 8) + f]);
            MLFF_EACH_OF_GROUP(u, 8) {
              const real v67x = g67x.value[u];
              const real v67y = g67y.value[u];
              const real v67z = g67z.value[u];
              const real v51 = g51.value[u];
              const real v56 = g56.value[u];
              const real v16 = p.v16;
              const real v63 = v16 * m62[e].value[u];
              const real v121x = g121x.value[u];
              const real v121y = g121y.value[u];
              const real v121z = g121z.value[u];
              const real v122x = v63 * v121x;
              const real v122y = v63 * v121y;
              const real v122z = v63 * v121z;
              const real v59 = v16 * m58[e].value[u];
              const real v127 = p.ux * v121x + p.uy * v121y + p.uz * v121z;
              const real v128 = v59 * v127;
              const real v54 = v16 * m53[e].value[u];
              const real v131 = g131.value[u];
              const real v132 = v54 * v131;
              const real v199 = v16 * m198[e].value[u];
              const real v179 = p.v179;
              const real v200 = m62[e].value[u] * v179;
              const real v201 = -v200;
              const real v202 = v199 + v201;
              const real v205 = v121x * v67x + v121y * v67y + v121z * v67z;
              const real v206 = v202 * v205;
              const real v189 = v16 * m188[e].value[u];
              const real v190 = m53[e].value[u] * v179;
              const real v191 = -v190;
              const real v192 = v189 + v191;
              const real v208 = v131 * v192;
              const real v209 = v51 * v208;
              const real v214 = v206 + v209;
              const real v194 = v16 * m193[e].value[u];
              const real v195 = m58[e].value[u] * v179;
              const real v196 = -v195;
              const real v197 = v194 + v196;
              const real v211 = v127 * v197;
              const real v212 = v56 * v211;
              const real v213 = -v212;
              const real v215 = v214 + v213;
              const real v219 = v59 * v56;
              const real v220x = v121x * v219;
              const real v220y = v121y * v219;
              const real v220z = v121z * v219;
              a123x[c + u] += v122x;
              a123y[c + u] += v122y;
              a123z[c + u] += v122z;
              a129[c + u] += v128;
              a133[c + u] += v132;
              part0[e * 4 + 0] += v215;
              part0[e * 4 + 1] += v220x;
              part0[e * 4 + 2] += v220y;
              part0[e * 4 + 3] += v220z;
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
        const real v216 = left_sum<4>(sums, e, 0);
        const real v221x = left_sum<4>(sums, e, 1);
        const real v221y = left_sum<4>(sums, e, 2);
        const real v221z = left_sum<4>(sums, e, 3);
        const real v217x = p.ux * v216;
        const real v217y = p.uy * v216;
        const real v217z = p.uz * v216;
        const real v218x = -v217x;
        const real v218y = -v217y;
        const real v218z = -v217z;
        const real v203 = m_reciprocal(p.r);
        const real v222 = p.ux * v221x + p.uy * v221y + p.uz * v221z;
        const real v223x = p.ux * v222;
        const real v223y = p.uy * v222;
        const real v223z = p.uz * v222;
        const real v224x = -v223x;
        const real v224y = -v223y;
        const real v224z = -v223z;
        const real v225x = v221x + v224x;
        const real v225y = v221y + v224y;
        const real v225z = v221z + v224z;
        const real v226x = v203 * v225x;
        const real v226y = v203 * v225y;
        const real v226z = v203 * v225z;
        const real v227x = v218x + v226x;
        const real v227y = v218y + v226y;
        const real v227z = v218z + v226z;
        pair_gradient[row_of(q, 3)] = v227x;
        pair_gradient[row_of(q, 3) + 1] = v227y;
        pair_gradient[row_of(q, 3) + 2] = v227z;
      }
    }
    MLFF_EACH_GROUP(c, f, 8) {
      put_group<8>(&tile[0 * kTile + t * 24 + f], group_of_slots<8>(a123x, c));
      put_group<8>(&tile[0 * kTile + t * 24 + 8 + f], group_of_slots<8>(a123y, c));
      put_group<8>(&tile[0 * kTile + t * 24 + 16 + f], group_of_slots<8>(a123z, c));
    }
    MLFF_EACH_GROUP(c, f, 8) { put_group<8>(&tile[24 * kTile + t * 8 + f], group_of_slots<8>(a129, c)); }
    MLFF_EACH_GROUP(c, f, 8) { put_group<8>(&tile[32 * kTile + t * 8 + f], group_of_slots<8>(a133, c)); }
  }
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g120x = group_at<8>(&b13[row_of(i, 24) + f]);
      const Group<8> g120y = group_at<8>(&b13[row_of(i, 24) + 8 + f]);
      const Group<8> g120z = group_at<8>(&b13[row_of(i, 24) + 16 + f]);
      const Group<8> g61 = group_at<8>(&b8[row_of(i, 8) + f]);
      const Group<8> g123x = group_at<8>(&tile[0 * kTile + t * 24 + f]);
      const Group<8> g123y = group_at<8>(&tile[0 * kTile + t * 24 + 8 + f]);
      const Group<8> g123z = group_at<8>(&tile[0 * kTile + t * 24 + 16 + f]);
      const Group<8> g48x = group_at<8>(&b5[row_of(i, 24) + f]);
      const Group<8> g48y = group_at<8>(&b5[row_of(i, 24) + 8 + f]);
      const Group<8> g48z = group_at<8>(&b5[row_of(i, 24) + 16 + f]);
      const Group<8> g129 = group_at<8>(&tile[24 * kTile + t * 8 + f]);
      const Group<8> g33x = group_at<8>(&b1[row_of(i, 24) + f]);
      const Group<8> g33y = group_at<8>(&b1[row_of(i, 24) + 8 + f]);
      const Group<8> g33z = group_at<8>(&b1[row_of(i, 24) + 16 + f]);
      Group<8> r125x;
      Group<8> r125y;
      Group<8> r125z;
      Group<8> r126;
      Group<8> r130;
      Group<8> r145;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v120x = g120x.value[u];
        const real v120y = g120y.value[u];
        const real v120z = g120z.value[u];
        const real v61 = g61.value[u];
        const real v123x = g123x.value[u];
        const real v123y = g123y.value[u];
        const real v123z = g123z.value[u];
        const real v124x = v61 * v123x;
        const real v124y = v61 * v123y;
        const real v124z = v61 * v123z;
        const real v125x = v120x + v124x;
        const real v125y = v120y + v124y;
        const real v125z = v120z + v124z;
        const real v48x = g48x.value[u];
        const real v48y = g48y.value[u];
        const real v48z = g48z.value[u];
        const real v126 = v48x * v123x + v48y * v123y + v48z * v123z;
        const real v129 = g129.value[u];
        const real v130 = -v129;
        const real v33x = g33x.value[u];
        const real v33y = g33y.value[u];
        const real v33z = g33z.value[u];
        const real v145 = v33x * v125x + v33y * v125y + v33z * v125z;
        r125x.value[u] = v125x;
        r125y.value[u] = v125y;
        r125z.value[u] = v125z;
        r126.value[u] = v126;
        r130.value[u] = v130;
        r145.value[u] = v145;
      }
      put_group<8>(&tile[0 * kTile + t * 24 + f], r125x);
      put_group<8>(&tile[0 * kTile + t * 24 + 8 + f], r125y);
      put_group<8>(&tile[0 * kTile + t * 24 + 16 + f], r125z);
      put_group<8>(&tile[24 * kTile + t * 8 + f], r126);
      put_group<8>(&tile[40 * kTile + t * 8 + f], r130);
      put_group<8>(&tile[48 * kTile + t * 8 + f], r145);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 24 * kTile, nullptr, c41, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 1>(c42), tile + 56 * kTile);
  linear_tile<8, 8, 1, 1>(rows, tile + 40 * kTile, nullptr, c42, 1.0f, nullptr, true, ring,
                          first_steps<8, 8, 1, 1>(c43), tile + 56 * kTile);
  linear_tile<8, 8, 1, 1>(rows, tile + 32 * kTile, nullptr, c43, 1.0f, nullptr, true, ring,
                          first_steps<8, 8, 1, 1>(c44), tile + 56 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g134 = group_at<8>(&tile[56 * kTile + t * 8 + f]);
      const Group<8> g140 = group_at<8>(&b10[row_of(i, 8) + f]);
      Group<8> r141;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v134 = g134.value[u];
        const real v140 = g140.value[u];
        const real v141 = v134 * v140;
        r141.value[u] = v141;
      }
      put_group<8>(&tile[24 * kTile + t * 8 + f], r141);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 24 * kTile, nullptr, c44, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 1>(c45), tile + 32 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g112 = group_at<8>(&b12[row_of(i, 8) + f]);
      const Group<8> g142 = group_at<8>(&tile[32 * kTile + t * 8 + f]);
      const Group<8> g32x = group_at<8>(&b0[row_of(i, 24) + f]);
      const Group<8> g32y = group_at<8>(&b0[row_of(i, 24) + 8 + f]);
      const Group<8> g32z = group_at<8>(&b0[row_of(i, 24) + 16 + f]);
      const Group<8> g33x = group_at<8>(&b1[row_of(i, 24) + f]);
      const Group<8> g33y = group_at<8>(&b1[row_of(i, 24) + 8 + f]);
      const Group<8> g33z = group_at<8>(&b1[row_of(i, 24) + 16 + f]);
      const Group<8> g40 = group_at<8>(&b2[row_of(i, 8) + f]);
      const Group<8> g125x = group_at<8>(&tile[0 * kTile + t * 24 + f]);
      const Group<8> g125y = group_at<8>(&tile[0 * kTile + t * 24 + 8 + f]);
      const Group<8> g125z = group_at<8>(&tile[0 * kTile + t * 24 + 16 + f]);
      const Group<8> g41 = group_at<8>(&b3[row_of(i, 8) + f]);
      Group<8> r143;
      Group<8> r146;
      Group<8> r150x;
      Group<8> r150y;
      Group<8> r150z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v112 = g112.value[u];
        const real v142 = g142.value[u];
        const real v143 = v112 + v142;
        const real v32x = g32x.value[u];
        const real v32y = g32y.value[u];
        const real v32z = g32z.value[u];
        const real v33x = g33x.value[u];
        const real v33y = g33y.value[u];
        const real v33z = g33z.value[u];
        const real v42 = v32x * v33x + v32y * v33y + v32z * v33z;
        const real v146 = v42 * v143;
        const real v40 = g40.value[u];
        const real v125x = g125x.value[u];
        const real v125y = g125y.value[u];
        const real v125z = g125z.value[u];
        const real v144x = v40 * v125x;
        const real v144y = v40 * v125y;
        const real v144z = v40 * v125z;
        const real v41 = g41.value[u];
        const real v147 = v41 * v143;
        const real v149x = v32x * v147;
        const real v149y = v32y * v147;
        const real v149z = v32z * v147;
        const real v150x = v144x + v149x;
        const real v150y = v144y + v149y;
        const real v150z = v144z + v149z;
        r143.value[u] = v143;
        r146.value[u] = v146;
        r150x.value[u] = v150x;
        r150y.value[u] = v150y;
        r150z.value[u] = v150z;
      }
      put_group<8>(&tile[24 * kTile + t * 8 + f], r143);
      put_group<8>(&tile[32 * kTile + t * 8 + f], r146);
      put_group<8>(&tile[56 * kTile + t * 24 + f], r150x);
      put_group<8>(&tile[56 * kTile + t * 24 + 8 + f], r150y);
      put_group<8>(&tile[56 * kTile + t * 24 + 16 + f], r150z);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 32 * kTile, nullptr, c45, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 1>(c46), tile + 40 * kTile);
  linear_tile<8, 8, 1, 1>(rows, tile + 48 * kTile, nullptr, c46, 1.0f, nullptr, true, ring,
                          first_steps<8, 8, 1, 1>(c47), tile + 40 * kTile);
  linear_tile<8, 8, 1, 1>(rows, tile + 24 * kTile, nullptr, c47, 1.0f, nullptr, true, ring,
                          first_steps<8, 8, 2, 1>(c48), tile + 40 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g151 = group_at<8>(&tile[40 * kTile + t * 8 + f]);
      const Group<8> g157 = group_at<8>(&b11[row_of(i, 8) + f]);
      Group<8> r158;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v151 = g151.value[u];
        const real v157 = g157.value[u];
        const real v158 = v151 * v157;
        r158.value[u] = v158;
      }
      put_group<8>(&tile[32 * kTile + t * 8 + f], r158);
    }
  }
  block_barrier();
  linear_tile<8, 8, 2, 1>(rows, tile + 32 * kTile, nullptr, c48, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 3>(c49), tile + 40 * kTile, tile + 48 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g143 = group_at<8>(&tile[24 * kTile + t * 8 + f]);
      const Group<8> g159 = group_at<8>(&tile[40 * kTile + t * 8 + f]);
      const Group<8> g32x = group_at<8>(&b0[row_of(i, 24) + f]);
      const Group<8> g32y = group_at<8>(&b0[row_of(i, 24) + 8 + f]);
      const Group<8> g32z = group_at<8>(&b0[row_of(i, 24) + 16 + f]);
      const Group<8> g161 = group_at<8>(&tile[48 * kTile + t * 8 + f]);
      const Group<8> g33x = group_at<8>(&b1[row_of(i, 24) + f]);
      const Group<8> g33y = group_at<8>(&b1[row_of(i, 24) + 8 + f]);
      const Group<8> g33z = group_at<8>(&b1[row_of(i, 24) + 16 + f]);
      const Group<8> g41 = group_at<8>(&b3[row_of(i, 8) + f]);
      Group<8> r160;
      Group<8> r167x;
      Group<8> r167y;
      Group<8> r167z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v143 = g143.value[u];
        const real v159 = g159.value[u];
        const real v160 = v143 + v159;
        const real v32x = g32x.value[u];
        const real v32y = g32y.value[u];
        const real v32z = g32z.value[u];
        const real v161 = g161.value[u];
        const real v34 = v32x * v32x + v32y * v32y + v32z * v32z;
        const real v36 = v34 + 1e-08f;
        const real v162 = m_rsqrt(v36);
        const real v163 = 0.5f * v162;
        const real v164 = v161 * v163;
        const real v165x = v32x * v164;
        const real v165y = v32y * v164;
        const real v165z = v32z * v164;
        const real v33x = g33x.value[u];
        const real v33y = g33y.value[u];
        const real v33z = g33z.value[u];
        const real v41 = g41.value[u];
        const real v147 = v41 * v143;
        const real v148x = v33x * v147;
        const real v148y = v33y * v147;
        const real v148z = v33z * v147;
        const real v166x = v165x + v148x;
        const real v166y = v165y + v148y;
        const real v166z = v165z + v148z;
        const real v167x = v166x + v165x;
        const real v167y = v166y + v165y;
        const real v167z = v166z + v165z;
        r160.value[u] = v160;
        r167x.value[u] = v167x;
        r167y.value[u] = v167y;
        r167z.value[u] = v167z;
      }
      put_group<8>(&b14[row_of(i, 8) + f], r160);
      put_group<8>(&tile[80 * kTile + t * 24 + f], r167x);
      put_group<8>(&tile[80 * kTile + t * 24 + 8 + f], r167y);
      put_group<8>(&tile[80 * kTile + t * 24 + 16 + f], r167z);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 3>(rows * 3, tile + 56 * kTile, nullptr, c49, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 3>(c50), tile + 24 * kTile);
  linear_tile<8, 8, 1, 3>(rows * 3, tile + 80 * kTile, nullptr, c50, 1.0f, nullptr, true, ring, no_steps(),
                          tile + 24 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g125x = group_at<8>(&tile[0 * kTile + t * 24 + f]);
      const Group<8> g125y = group_at<8>(&tile[0 * kTile + t * 24 + 8 + f]);
      const Group<8> g125z = group_at<8>(&tile[0 * kTile + t * 24 + 16 + f]);
      const Group<8> g168x = group_at<8>(&tile[24 * kTile + t * 24 + f]);
      const Group<8> g168y = group_at<8>(&tile[24 * kTile + t * 24 + 8 + f]);
      const Group<8> g168z = group_at<8>(&tile[24 * kTile + t * 24 + 16 + f]);
      Group<8> r169x;
      Group<8> r169y;
      Group<8> r169z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v125x = g125x.value[u];
        const real v125y = g125y.value[u];
        const real v125z = g125z.value[u];
        const real v168x = g168x.value[u];
        const real v168y = g168y.value[u];
        const real v168z = g168z.value[u];
        const real v169x = v125x + v168x;
        const real v169y = v125y + v168y;
        const real v169z = v125z + v168z;
        r169x.value[u] = v169x;
        r169y.value[u] = v169y;
        r169z.value[u] = v169z;
      }
      put_group<8>(&b15[row_of(i, 24) + f], r169x);
      put_group<8>(&b15[row_of(i, 24) + 8 + f], r169y);
      put_group<8>(&b15[row_of(i, 24) + 16 + f], r169z);
    }
  }
  block_barrier();
}

MLFF_KERNEL(phase_3, 1, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT element,
            const int* MLFF_RESTRICT pair_begin, const int* MLFF_RESTRICT pair_neighbour,
            const real* MLFF_RESTRICT pair_geometry, real* MLFF_RESTRICT pair_gradient, const real* MLFF_RESTRICT c1,
            const real* MLFF_RESTRICT c2, const real* MLFF_RESTRICT c3, const real* MLFF_RESTRICT c4,
            const real* MLFF_RESTRICT c5, const real* MLFF_RESTRICT c6, const real* MLFF_RESTRICT c7,
            const real* MLFF_RESTRICT c8, const real* MLFF_RESTRICT b14, const real* MLFF_RESTRICT b15) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real v9[9];
    real v16;
    real v174[9];
    real v179;
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
        const real v11 = p.r * 0.628318531f;
        const real v13 = m_cos(v11);
        const real v14 = 1.0f + v13;
        const real v16 = v14 * 0.5f;
        const real v177 = m_sin(v11);
        const real v178 = 0.628318531f * v177;
        const real v179 = 0.5f * v178;
        p.v16 = v16;
        p.v179 = v179;
      }
      team_barrier();
      MLFF_EACH_PAIR_CHANNEL(e, f, count, 9) {
        Record& p = record[e];
        const real v2 = c1[f];
        const real v3 = c2[f];
        const real v4 = p.r + v3;
        const real v5 = v2 * v4;
        const real v6 = power<2>(v5);
        const real v8 = v6 * (-0.5f);
        const real v9 = m_exp(v8);
        const real v171 = v5 * 2.0f;
        const real v172 = v2 * v171;
        const real v173 = (-0.5f) * v172;
        const real v174 = v9 * v173;
        p.v9[f] = v9;
        p.v174[f] = v174;
      }
      team_barrier();
      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        real part0[E * 4] = {};
        MLFF_EACH_GROUP(c, f, 8) {
          const Group<8> g17 = group_at<8>(&c3[row_of(element[i], 8) + f]);
          const Group<8> g22 = group_at<8>(&c6[row_of(element[i], 8) + f]);
          Group<8> m175[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m175[e] = Group<8>{};
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<8> w = group_at<8>(c5 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m175[e], pair[e].v174[k], w);
          }
          Group<8> m19[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m19[e] = group_at<8>(c4 + f);
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<8> w = group_at<8>(c5 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m19[e], pair[e].v9[k], w);
          }
          Group<8> m183[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m183[e] = Group<8>{};
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<8> w = group_at<8>(c8 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m183[e], pair[e].v174[k], w);
          }
          Group<8> m24[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m24[e] = group_at<8>(c7 + f);
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<8> w = group_at<8>(c8 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m24[e], pair[e].v9[k], w);
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<8> g229 = group_at<8>(&b14[row_of(p.j, 8) + f]);
            const Group<8> g233x = group_at<8>(&b15[row_of(p.j, 24) + f]);
            const Group<8> g233y = group_at<8>(&b15[row_of(p.j, 24) + 8 + f]);
            const Group<8> g233z = group_at<8>(&b15[row_of(p.j, 24) + 16 + f]);
            MLFF_EACH_OF_GROUP(u, 8) {
              const real v17 = g17.value[u];
              const real v22 = g22.value[u];
              const real v16 = p.v16;
              const real v176 = v16 * m175[e].value[u];
              const real v179 = p.v179;
              const real v180 = m19[e].value[u] * v179;
              const real v181 = -v180;
              const real v182 = v176 + v181;
              const real v229 = g229.value[u];
              const real v230 = v182 * v229;
              const real v231 = v17 * v230;
              const real v184 = v16 * m183[e].value[u];
              const real v185 = m24[e].value[u] * v179;
              const real v186 = -v185;
              const real v187 = v184 + v186;
              const real v233x = g233x.value[u];
              const real v233y = g233y.value[u];
              const real v233z = g233z.value[u];
              const real v234 = p.ux * v233x + p.uy * v233y + p.uz * v233z;
              const real v235 = v187 * v234;
              const real v236 = v22 * v235;
              const real v237 = -v236;
              const real v238 = v231 + v237;
              const real v25 = v16 * m24[e].value[u];
              const real v242 = v25 * v22;
              const real v243x = v233x * v242;
              const real v243y = v233y * v242;
              const real v243z = v233z * v242;
              part0[e * 4 + 0] += v238;
              part0[e * 4 + 1] += v243x;
              part0[e * 4 + 2] += v243y;
              part0[e * 4 + 3] += v243z;
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
        const real v239 = left_sum<4>(sums, e, 0);
        const real v244x = left_sum<4>(sums, e, 1);
        const real v244y = left_sum<4>(sums, e, 2);
        const real v244z = left_sum<4>(sums, e, 3);
        const real v240x = p.ux * v239;
        const real v240y = p.uy * v239;
        const real v240z = p.uz * v239;
        const real v241x = -v240x;
        const real v241y = -v240y;
        const real v241z = -v240z;
        const real v203 = m_reciprocal(p.r);
        const real v245 = p.ux * v244x + p.uy * v244y + p.uz * v244z;
        const real v246x = p.ux * v245;
        const real v246y = p.uy * v245;
        const real v246z = p.uz * v245;
        const real v247x = -v246x;
        const real v247y = -v246y;
        const real v247z = -v246z;
        const real v248x = v244x + v247x;
        const real v248y = v244y + v247y;
        const real v248z = v244z + v247z;
        const real v249x = v203 * v248x;
        const real v249y = v203 * v248y;
        const real v249z = v203 * v248z;
        const real v250x = v241x + v249x;
        const real v250y = v241y + v249y;
        const real v250z = v241z + v249z;
        pair_gradient[row_of(q, 3)] += v250x;
        pair_gradient[row_of(q, 3) + 1] += v250y;
        pair_gradient[row_of(q, 3) + 2] += v250z;
      }
    }
  }
  block_barrier();
}
